/* Compares the table of system calls with this machine's headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "merger/parse/syscall_names.h"

static void test_names(void **state)
{
#ifdef __x86_64__
	static const struct {
		uint64_t number;
		const char *name;
	} rows[] = {
		{ SYS_read, "read" },     { SYS_vfork, "vfork" },       { SYS_fsync, "fsync" },
		{ SYS_futex, "futex" },   { SYS_wait4, "wait4" },       { SYS_mmap, "mmap" },
		{ SYS_openat, "openat" }, { SYS_unlinkat, "unlinkat" }, { SYS_statx, "statx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(syscall_name(rows[i].number), rows[i].name);
#else
	(void)state;
#endif
	assert_null(syscall_name(UINT64_MAX));
	assert_null(syscall_name(999));
	assert_null(syscall_name(39)); /* getpid does not sleep */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
