/* The schedule: which tick a sample is taken at that was due at `tick` and could begin at `now`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>

#include <cmocka.h>

#include "../../cli/clock.h"

static void test_tick(void **state)
{
	static const struct {
		double rate_hz;
		uint64_t tick, now, wanted; /* now: since the start */
	} rows[] = {
		{ 10, 0, 0, 0 },
		{ 10, 5, 0, 5 },
		{ 10, 5, 500000, 5 },
		{ 10, 5, 549999, 5 }, /* half a period is not late */
		{ 10, 5, 550000, 5 },
		{ 10, 5, 550001, 6 },
		{ 10, 5, 600000, 6 },
		{ 10, 5, 600001, 7 }, /* the next one on the grid, never between */
		{ 10, 5, 1234567, 13 },
		{ 3, 1, 333333, 1 },
		{ 3, 1, 600000, 2 },
		{ 0.5, 1, 2900000, 1 },
		{ 0.5, 1, 3100000, 2 },
		{ 1000, 100, 100500, 100 },
		{ 1000, 100, 100501, 101 },
		{ 1000, 100, 150000, 150 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct schedule schedule = { 7000000, rows[i].rate_hz };

		print_message("%zu\n", i);
		assert_int_equal(schedule_tick(&schedule, rows[i].tick, 7000000 + rows[i].now),
		                 rows[i].wanted);
	}
}

/* Tick n is at n periods from the start, without an error that grows. */
static void test_no_drift(void **state)
{
	struct schedule schedule = { 5, 3 };

	(void)state;
	assert_int_equal(schedule_time(&schedule, 0), 5);
	assert_int_equal(schedule_time(&schedule, 1), 5 + 333333);
	assert_int_equal(schedule_time(&schedule, 3000000), 5 + UINT64_C(1000000000000));
}

/* A sample that takes longer than a period: as many samples, each late but the first, none in a burst. */
static void test_slow_samples(void **state)
{
	struct schedule schedule = { 0, 10 };
	uint64_t now = 0, tick = 0, late = 0, last = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++, tick++) {
		uint64_t taken = schedule_tick(&schedule, tick, now);

		late += taken != tick;
		tick = taken;
		if (now < schedule_time(&schedule, tick))
			now = schedule_time(&schedule, tick);
		if (i)
			assert_true(now - last >= 100000);
		last = now;
		now += 170000;
	}
	assert_int_equal(late, 19);
}

static void test_poll(void **state)
{
	static const struct {
		uint64_t now, deadline;
		int wanted;
	} rows[] = {
		{ 0, CLOCK_NEVER, -1 },
		{ 5, 5, 0 },
		{ 6, 5, 0 },
		{ 0, 1, 1 },
		{ 0, 1000, 1 },
		{ 0, 1001, 2 },
		{ 0, CLOCK_NEVER - 1, INT_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(clock_poll_ms(rows[i].now, rows[i].deadline), rows[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_slow_samples),
		cmocka_unit_test(test_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
