/* ptrace_access: the facts that the kernel checks, and the cause that pmp reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/proc/ptrace_access.h"

static void test_cause(void **state)
{
	static const struct {
		/* euid, may_trace_all, uid, euid, dumpable, same_userns, yama, filtered */
		struct ptrace_access_facts facts;
		enum ptrace_access_cause wanted;
	} rows[] = {
		{ { 1000, false, 33, 33, true, true, -1, false }, PTRACE_ACCESS_USER },
		{ { 1000, false, 33, 33, true, true, 1, false }, PTRACE_ACCESS_USER },
		{ { 1000, false, 0, 0, true, true, 1, true }, PTRACE_ACCESS_USER },
		/* A set-uid program that the same user started. */
		{ { 1000, false, 1000, 0, false, true, 1, false }, PTRACE_ACCESS_USER },
		{ { 1000, false, 1000, 1000, true, true, 1, false }, PTRACE_ACCESS_YAMA_CHILDREN },
		{ { 1000, false, 1000, 1000, true, true, 2, false }, PTRACE_ACCESS_YAMA_ADMIN },
		{ { 1000, false, 1000, 1000, true, true, 3, false }, PTRACE_ACCESS_YAMA_NOBODY },
		{ { 0, true, 0, 0, true, true, 3, false }, PTRACE_ACCESS_YAMA_NOBODY },
		{ { 1000, false, 1000, 1000, false, true, 1, false }, PTRACE_ACCESS_UNDUMPABLE },
		{ { 1000, false, 1000, 1000, true, false, 0, false }, PTRACE_ACCESS_NAMESPACE },
		{ { 1000, false, 1000, 1000, true, true, 0, true }, PTRACE_ACCESS_SECCOMP },
		{ { 1000, false, 1000, 1000, true, true, 0, false }, PTRACE_ACCESS_UNKNOWN },
		{ { 0, false, 33, 33, true, true, 1, true }, PTRACE_ACCESS_CAPABILITY },
		{ { 0, false, 0, 0, true, true, 1, true }, PTRACE_ACCESS_CAPABILITY },
		{ { 0, true, 33, 33, true, false, 1, false }, PTRACE_ACCESS_NAMESPACE },
		{ { 0, true, 33, 33, true, true, 1, true }, PTRACE_ACCESS_SECCOMP },
		{ { 0, true, 33, 33, true, true, 1, false }, PTRACE_ACCESS_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		print_message("%zu\n", i);
		assert_int_equal(ptrace_access_cause(&rows[i].facts), rows[i].wanted);
	}
}

/* Each text has the cause and then the cure. */
static void test_text(void **state)
{
	static const struct {
		enum ptrace_access_cause cause;
		const char *why, *cure;
	} rows[] = {
		{ PTRACE_ACCESS_UNKNOWN, "the system forbids it", "run pmp as root outside" },
		{ PTRACE_ACCESS_NAMESPACE, "user namespace", "run pmp as root outside" },
		{ PTRACE_ACCESS_CAPABILITY, "CAP_SYS_PTRACE", "--cap-add=SYS_PTRACE" },
		{ PTRACE_ACCESS_USER, "belongs to another user",
		  "as that user, or as root (sudo)" },
		{ PTRACE_ACCESS_UNDUMPABLE, "set-uid", "as root (sudo)" },
		{ PTRACE_ACCESS_YAMA_CHILDREN, "ptrace_scope is 1: only its parents",
		  "sysctl kernel.yama.ptrace_scope=0" },
		{ PTRACE_ACCESS_YAMA_ADMIN, "ptrace_scope is 2: only root", "as root (sudo)" },
		{ PTRACE_ACCESS_YAMA_NOBODY, "ptrace_scope is 3: nobody", "reboot" },
		{ PTRACE_ACCESS_SECCOMP, "a seccomp filter forbids ptrace", "seccomp=unconfined" },
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(*rows), PTRACE_ACCESS_CAUSE_COUNT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = ptrace_access_text(rows[i].cause),
		           *why = strstr(text, rows[i].why);

		print_message("%s\n", text);
		assert_non_null(why);
		assert_non_null(strstr(why, rows[i].cure));
		assert_null(strchr(text, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cause),
		                            cmocka_unit_test(test_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
