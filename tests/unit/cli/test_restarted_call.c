/* The call behind restart_syscall, with this process as the target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/proc/restarted_call.h"

#define CODE_LEN 80
#define AT(object) ((uint64_t)(uintptr_t)(object))

static const int64_t minute[2] = { 60, 5 };
static const uint32_t word[4];

/* code: the bytes before `syscall`, which is added. */
static uint64_t resolve(const char *code, size_t len, const char *wchan, const uint64_t *args)
{
	uint8_t bytes[CODE_LEN] = { 0 };
	struct syscall_info info = { .number = SYS_restart_syscall, .pc = AT(bytes) + CODE_LEN };

	memcpy(bytes + CODE_LEN - 2 - len, code, len);
	memcpy(bytes + CODE_LEN - 2, "\x0f\x05", 2);
	memcpy(info.args, args, sizeof(info.args));
	restarted_call_resolve((uint32_t)getpid(), span_of(wchan), &info);
	assert_int_equal(info.restarted, info.number != SYS_restart_syscall);
	return info.number;
}

#define CODE(bytes) (bytes), sizeof(bytes) - 1
#define MOVE(number) "\xb8" number "\0\0\0"

static void test_resolve(void **state)
{
	const struct {
		const char *what, *code;
		size_t len;
		const char *wchan;
		uint64_t args[SYSCALL_ARGS], wanted;
	} rows[] = {
		{ "the code has the number", CODE(MOVE("\xe6")), "", { 0, 0, AT(minute) }, 230 },
		{ "instructions are between",
		  CODE(MOVE("\x07") "\x45\x31\xc0"),
		  "",
		  { AT(word), 9, 60000, AT(minute) },
		  SYS_poll },
		{ "a move to rax",
		  CODE("\x48\xc7\xc0\x23\0\0\0"),
		  "",
		  { AT(minute) },
		  SYS_nanosleep },
		{ "the move belongs to another call",
		  CODE(MOVE("\x07") "\x0f\x05\xc3\x90"),
		  "",
		  { AT(minute), 0 },
		  SYS_nanosleep },
		{ "the kernel's function",
		  CODE("\x90"),
		  "futex_do_wait",
		  { AT(word), 0, 0, AT(minute) },
		  SYS_futex },
		{ "of an older kernel",
		  CODE("\x90"),
		  "futex_wait_queue_me",
		  { AT(word), 0x189, 0, AT(minute) },
		  SYS_futex },
		{ "poll of nine",
		  CODE("\x90"),
		  "poll_schedule_timeout.constprop.0",
		  { AT(word), 9, 100, AT(minute) },
		  SYS_poll },
		{ "a sleep by clock_nanosleep",
		  CODE("\x90"),
		  "hrtimer_nanosleep",
		  { 1, 0, AT(minute) },
		  230 },
		{ "a sleep by nanosleep",
		  CODE("\x90"),
		  "hrtimer_nanosleep",
		  { AT(minute), AT(minute) },
		  SYS_nanosleep },
		{ "the arguments: a futex",
		  CODE("\x90"),
		  "do_syscall_64",
		  { AT(word), 0x80, 0, AT(minute) },
		  SYS_futex },
		{ "the arguments: a clock of a process",
		  CODE("\x90"),
		  "do_syscall_64",
		  { (uint32_t)-6, 0, AT(minute) },
		  230 },
		{ "the arguments: poll without descriptors",
		  CODE("\x90"),
		  "",
		  { 0, 0, 60000 },
		  SYS_poll },
		{ "nothing fits", CODE("\x90"), "", { 0, 8, 8, 8 }, SYS_restart_syscall },
		{ "the code's number does not fit",
		  CODE(MOVE("\xca")),
		  "",
		  { AT(word), 1, 5 },
		  SYS_poll },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (resolve(rows[i].code, rows[i].len, rows[i].wchan, rows[i].args) !=
		    rows[i].wanted)
			fail_msg("%s", rows[i].what);
}

static void test_other_calls(void **state)
{
	struct syscall_info info = { .number = SYS_read };

	(void)state;
	restarted_call_resolve((uint32_t)getpid(), SPAN_LIT("futex_do_wait"), &info);
	assert_int_equal(info.number, SYS_read);
	assert_false(info.restarted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_other_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
