/* Deadlines: how long ppoll waits for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/os/clock.h"

static void test_wait(void **state)
{
	static const struct {
		uint64_t now, deadline;
		struct timespec wanted;
	} rows[] = {
		{ 5, 5, { 0, 0 } },
		{ 6, 5, { 0, 0 } },
		{ 0, 1, { 0, 1000 } },
		{ 1, 1000001, { 1, 0 } },
		{ 0, 2500000, { 2, 500000000 } },
	};
	struct timespec wait;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_ptr_equal(clock_wait(rows[i].now, rows[i].deadline, &wait), &wait);
		assert_int_equal(wait.tv_sec, rows[i].wanted.tv_sec);
		assert_int_equal(wait.tv_nsec, rows[i].wanted.tv_nsec);
	}
	assert_null(clock_wait(0, CLOCK_NEVER, &wait));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_wait) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
