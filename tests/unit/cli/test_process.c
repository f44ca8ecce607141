/* process: rows are texts in the formats of /proc, with the values that must be parsed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/proc/process.h"

#define TAIL " 1 4711 4711 0 -1 4194304 1 0 0 0 7 3 0 0 20 0 2 0 98765 0 0\n"

static void test_stat(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		const char *comm;
		char state;
	} rows[] = {
		{ "4711 (spin) R" TAIL, true, "spin", 'R' },
		{ "4711 (a) R (b) S" TAIL, true, "a) R (b", 'S' },
		{ "4711 ()) Z" TAIL, true, ")", 'Z' },
		{ "4711 () t" TAIL, true, "", 't' },
		{ "4711 (a b\nc) D" TAIL, true, "a b\nc", 'D' },
		{ "4711 (\xff\x01) T" TAIL, true, "\xff\x01", 'T' },
		{ "4711 (spin) R 1 4711", false, "", 0 },
		{ "4711 (spin)", false, "", 0 },
		{ "4711 )spin( R" TAIL, false, "", 0 },
		{ "4711 (spin) RS" TAIL, false, "", 0 },
		{ "4711 (spin) R x 4711 4711 0 -1 4194304 1 0 0 0 7 3 0 0 20 0 2 0 98765\n", false,
		  "", 0 },
		{ "", false, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process_stat got;

		print_message("%zu: %s\n", i, rows[i].text);
		assert_int_equal(process_stat_parse(span_of(rows[i].text), &got), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_string_equal(got.comm, rows[i].comm);
		assert_int_equal(got.state, rows[i].state);
		assert_int_equal(got.ppid, 1);
		assert_int_equal(got.starttime, 98765);
		assert_false(got.kernel_thread);
	}
}

static void test_kernel_thread(void **state)
{
	struct process_stat got;
	struct span text =
	        SPAN_LIT("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0\n");

	(void)state;
	assert_true(process_stat_parse(text, &got));
	assert_true(got.kernel_thread);
}

static void test_status(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		struct process_status wanted;
	} rows[] = {
		{ "Name:\tx\nTgid:\t7\nTracerPid:\t9\nUid:\t1\t2\t3\t4\nSigPnd:\t0000000000040000\n"
		  "ShdPnd:\t0000000000000001\nCapEff:\t0000000000080000\nSeccomp:\t2\n",
		  true,
		  { .tgid = 7,
		    .tracer = 9,
		    .uid = 1,
		    .euid = 2,
		    .pending = 0x40001,
		    .caps = 0x80000,
		    .seccomp = 2 } },
		/* An old kernel has no Seccomp line; the last line may have no newline. */
		{ "Tgid:\t7\nTracerPid:\t0", true, { .tgid = 7 } },
		{ "Tgid:\t7\nNSpid:\t7\n", true, { .tgid = 7 } },
		{ "Tgid:\t7\nNSpid:\t7\t33\t1\n", true, { .tgid = 7, .inner_pid = 1 } },
		{ "Tgid:\t7\nNSpid:\t7\tx\n", false, { 0 } },
		/* The kernel escapes newlines in a name, so this name cannot begin a line. */
		{ "Name:\tTracerPid:\t5\nTgid:\t7\n", true, { .tgid = 7 } },
		{ "Tgid:\tx\n", false, { 0 } },
		{ "Uid:\t1\nTgid:\t7\n", false, { 0 } },
		{ "Name:\tx\n", false, { 0 } },
		{ "", false, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process_status got;

		assert_int_equal(process_status_parse(span_of(rows[i].text), &got), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(got.tgid, rows[i].wanted.tgid);
		assert_int_equal(got.tracer, rows[i].wanted.tracer);
		assert_int_equal(got.uid, rows[i].wanted.uid);
		assert_int_equal(got.euid, rows[i].wanted.euid);
		assert_int_equal(got.pending, rows[i].wanted.pending);
		assert_int_equal(got.caps, rows[i].wanted.caps);
		assert_int_equal(got.seccomp, rows[i].wanted.seccomp);
		assert_int_equal(got.inner_pid, rows[i].wanted.inner_pid);
	}
}

static void test_map(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		uint64_t start, end, offset;
		const char *perms, *path;
	} rows[] = {
		{ "55d0-55d4 r-xp 00001000 fe:01 1234                   /usr/bin/x", true, 0x55d0,
		  0x55d4, 0x1000, "r-xp", "/usr/bin/x" },
		{ "55d0-55d4 r--p 00000000 fe:01 1234   /a b/c d (deleted)", true, 0x55d0, 0x55d4,
		  0, "r--p", "/a b/c d" },
		{ "7ffff000-ffffffffff600000 r-xp 0 00:00 0   [vdso]", true, 0x7ffff000,
		  0xffffffffff600000, 0, "r-xp", "[vdso]" },
		{ "55d0-55d4 rw-p 00000000 00:00 0 ", true, 0x55d0, 0x55d4, 0, "rw-p", "" },
		{ "55d0-55d4 rw-p 00000000 00:00 0", true, 0x55d0, 0x55d4, 0, "rw-p", "" },
		{ "55d4-55d0 rw-p 00000000 00:00 0", false, 0, 0, 0, "", "" },
		{ "55d0 rw-p 00000000 00:00 0", false, 0, 0, 0, "", "" },
		{ "55d0-55d4 rwp 00000000 00:00 0", false, 0, 0, 0, "", "" },
		{ "55d0-55d4 rw-p", false, 0, 0, 0, "", "" },
		{ "", false, 0, 0, 0, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct process_map got;

		assert_int_equal(process_map_parse(span_of(rows[i].line), &got), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(got.start, rows[i].start);
		assert_int_equal(got.end, rows[i].end);
		assert_int_equal(got.offset, rows[i].offset);
		assert_string_equal(got.perms, rows[i].perms);
		assert_true(span_eq(got.path, span_of(rows[i].path)));
	}
}

static void test_itself(void **state)
{
	struct process_threads threads = { 0 };
	struct process_stat stat;
	struct process_attach_state state_now;
	uint32_t pid = (uint32_t)getpid();

	(void)state;
	assert_true(process_stat(pid, 0, &stat));
	assert_int_equal(process_life(pid, stat.starttime), PROCESS_ALIVE);
	assert_int_equal(process_life(pid, stat.starttime + 1), PROCESS_GONE);
	state_now = process_attach_state(pid, stat.starttime, &threads);
	assert_int_equal(state_now.life, PROCESS_ALIVE);
	assert_false(state_now.stopped);
	assert_int_equal(threads.count, 1);
	assert_int_equal(threads.rows[0].tid, pid);
	process_threads_deinit(&threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),   cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_status), cmocka_unit_test(test_map),
		cmocka_unit_test(test_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
