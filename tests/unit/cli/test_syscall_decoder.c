/* System calls as text, with this process as the target: the arguments are its own addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/proc/syscall_decoder.h"

#define AT(object) ((uint64_t)(uintptr_t)(object))
#define CWD ((uint64_t)(uint32_t)AT_FDCWD)

static const int64_t minute[2] = { 60, 500000000 }, rest[2] = { 12, 0 };
static const struct pollfd polls[] = { { .fd = 3 }, { .fd = -1 }, { .fd = 9 } };
static const struct flock range = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 },
                          whole = { .l_type = F_RDLCK };
static const uint64_t two_signals = 1u << 9 | 1u << 14, most_signals = ~UINT64_C(0) ^ 1u << 8;
static const struct sembuf take = { .sem_num = 2, .sem_op = -1 };

static void test_decode(void **state)
{
	static const struct {
		uint64_t number, args[SYSCALL_ARGS];
		const char *wanted; /* "..." stands for an address */
		enum syscall_class class;
	} rows[] = {
		{ SYS_read, { 3, 0, 4096 }, "read(3, NULL, 4096)", SYSCALL_READ },
		{ SYS_openat,
		  { CWD, AT("/etc//x/../y"), O_WRONLY | O_CREAT, 0600 },
		  "openat(AT_FDCWD, \"/etc//x/../y\", O_WRONLY)",
		  SYSCALL_FILE },
		{ SYS_openat, { CWD, 8 }, "openat(AT_FDCWD, 0x8, O_RDONLY)", SYSCALL_FILE },
		{ SYS_rename, { AT("/a"), AT("/b") }, "rename(\"/a\", \"/b\")", SYSCALL_FILE },
		{ SYS_mount,
		  { AT("box:/x"), AT("/mnt"), AT("nfs") },
		  "mount(\"box:/x\", \"/mnt\", \"nfs\", 0x0, NULL)",
		  SYSCALL_FILE },
		{ SYS_fcntl,
		  { 3, F_SETLKW, AT(&range) },
		  "fcntl(3, F_SETLKW, F_WRLCK of 5 bytes from 10)",
		  SYSCALL_FILE_LOCK },
		{ SYS_fcntl,
		  { 3, F_OFD_SETLKW, AT(&whole) },
		  "fcntl(3, F_OFD_SETLKW, F_RDLCK from 0 on)",
		  SYSCALL_FILE_LOCK },
		{ SYS_fcntl, { 3, F_GETFL }, "fcntl(3, 3)", SYSCALL_OTHER },
		{ SYS_rt_sigtimedwait,
		  { AT(&two_signals), 0, 0 },
		  "rt_sigtimedwait([USR1 TERM], NULL, for ever)",
		  SYSCALL_SIGNAL },
		{ SYS_rt_sigsuspend,
		  { AT(&most_signals), 8 },
		  "rt_sigsuspend(~[KILL])",
		  SYSCALL_SIGNAL },
		{ SYS_semop, { 7, AT(&take), 1 }, "semop(7, [semaphore 2 by -1], 1)", SYSCALL_IPC },
		{ SYS_ioctl, { 3, 0x5409, 1 }, "ioctl(3, TCSBRK, ...)", SYSCALL_FILE },
		{ SYS_ioctl, { 3, 0xae80, 0 }, "ioctl(3, KVM_RUN, 0x0)", SYSCALL_POLL },
		{ SYS_waitid, { P_ALL, 77 }, "waitid(P_ALL, 77, NULL, 0x0)", SYSCALL_CHILD },
		{ SYS_poll, { 0, 0, 100 }, "poll(NULL, 0, 100 ms)", SYSCALL_SLEEP },
		{ SYS_futex,
		  { AT(minute), FUTEX_WAIT_PRIVATE, 2, AT(minute) },
		  "futex(..., FUTEX_WAIT, 2, 60.500 s)",
		  SYSCALL_FUTEX },
		{ SYS_futex,
		  { AT(minute), FUTEX_WAIT_BITSET_PRIVATE, 2, AT(minute) },
		  "futex(..., FUTEX_WAIT_BITSET, 2, until 60.500 s)",
		  SYSCALL_FUTEX },
		{ SYS_close, { 3 }, "close(3)", SYSCALL_FILE },
		{ 219, { 0 }, "restart_syscall()", SYSCALL_OTHER },
		{ 9999, { 0 }, "system call 9999()", SYSCALL_OTHER },
	};
	struct decoded_syscall decoded;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct syscall_info info = { .number = rows[i].number };
		const char *hole = strstr(rows[i].wanted, "...");
		struct span text;
		size_t before = hole ? (size_t)(hole - rows[i].wanted) : 0;

		memcpy(info.args, rows[i].args, sizeof(info.args));
		syscall_decode((uint32_t)getpid(), &info, &decoded);
		text = buf_span(&decoded.text);
		if (decoded.class != rows[i].class)
			fail_msg("%s: class %d", rows[i].wanted, (int)decoded.class);
		if (hole ? !span_starts(text, (struct span){ rows[i].wanted, before }) ||
		                    !span_ends(text, span_of(hole + 3))
		         : !span_eq(text, span_of(rows[i].wanted)))
			fail_msg("%s: %.*s", rows[i].wanted, SPAN_ARG(text));
		decoded_syscall_deinit(&decoded);
	}
}

static struct decoded_syscall decode(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                                     uint64_t d, bool restarted)
{
	struct syscall_info info = {
		.number = number,
		.args = { a, b, c, d },
		.restarted = restarted,
	};
	struct decoded_syscall ret;

	syscall_decode((uint32_t)getpid(), &info, &ret);
	buf_deinit(&ret.text);
	return ret;
}

static void test_limits(void **state)
{
	struct decoded_syscall found;
	struct timespec now;
	int64_t until[2];

	(void)state;
	found = decode(SYS_nanosleep, AT(minute), AT(rest), 0, 0, false);
	assert_int_equal(found.limit_us, 60500000);
	assert_false(found.limit_is_most || found.limit_is_from_now);
	found = decode(SYS_nanosleep, AT(minute), AT(rest), 0, 0, true);
	assert_int_equal(found.limit_us, 12000000);
	assert_true(found.limit_is_most);
	found = decode(SYS_clock_nanosleep, 1, 0, AT(minute), 0, true);
	assert_int_equal(found.limit_us, 60500000);
	assert_true(found.limit_is_most);
	found = decode(SYS_poll, AT(polls), 3, 250, 0, true);
	assert_int_equal(found.limit_us, 250000);
	assert_true(found.limit_is_most);
	assert_int_equal(found.fd_count, 2);
	found = decode(SYS_poll, AT(polls), 3, (uint32_t)-1, 0, true);
	assert_false(found.has_limit);
	clock_gettime(CLOCK_MONOTONIC, &now);
	until[0] = now.tv_sec + 100;
	until[1] = now.tv_nsec;
	found = decode(SYS_futex, AT(minute), FUTEX_WAIT_BITSET_PRIVATE, 0, AT(until), true);
	assert_true(found.limit_is_from_now && !found.limit_is_most);
	assert_in_range(found.limit_us, 90000000, 100000000);
	found = decode(SYS_futex, AT(minute), FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
	               AT(until), false);
	assert_int_equal(found.limit_us, 0);
}

static void test_path(void **state)
{
	struct decoded_syscall found =
	        decode(SYS_rename, AT("/a/./b//../c"), AT("/d"), 0, 0, false);
	char folder[512];

	(void)state;
	assert_true(span_eq(buf_span(&found.path), SPAN_LIT("/a/c")));
	decoded_syscall_deinit(&found);
	found = decode(SYS_symlink, AT("target"), AT("/link"), 0, 0, false);
	assert_true(span_eq(buf_span(&found.path), SPAN_LIT("/link")));
	decoded_syscall_deinit(&found);
	assert_non_null(getcwd(folder, sizeof(folder)));
	found = decode(SYS_stat, AT("x/../y"), 0, 0, 0, false);
	assert_true(span_starts(buf_span(&found.path), span_of(folder)));
	assert_true(span_ends(buf_span(&found.path), SPAN_LIT("/y")));
	decoded_syscall_deinit(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
