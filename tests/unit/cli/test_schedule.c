/* The times of the ticks, and the tick of a sample that was due at `tick` if it is `now`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/sampler/schedule.h"

static void test_tick(void **state)
{
	static const struct {
		double rate_hz;
		uint64_t tick, now, wanted; /* now: since start_us */
	} rows[] = {
		{ 10, 0, 0, 0 },
		{ 10, 5, 0, 5 },
		{ 10, 5, 592893, 5 }, /* the tick's time */
		{ 10, 5, 642893, 5 }, /* half a period is not late */
		{ 10, 5, 642894, 6 },
		{ 10, 5, 651471, 6 },
		{ 10, 5, 651472, 7 }, /* the next tick that is still to come */
		{ 10, 5, 1234567, 13 },
		{ 3, 1, 528595, 1 },
		{ 3, 1, 695261, 1 },
		{ 3, 1, 695263, 2 },
		{ 0.5, 1, 4100000, 1 },
		{ 0.5, 1, 4200000, 2 },
		{ 1000, 100, 101078, 100 },
		{ 1000, 100, 101079, 101 },
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

/* Tick n is in period n from the start, without an error that grows. */
static void test_no_drift(void **state)
{
	struct schedule schedule = { 5, 3 };

	(void)state;
	assert_int_equal(schedule_time(&schedule, 0), 5);
	for (uint64_t tick = 1; tick < UINT64_C(1) << 40; tick *= 3) {
		uint64_t time = schedule_time(&schedule, tick) - 5;

		assert_in_range(time * 3, tick * 1000000 - 3, (tick + 1) * 1000000);
	}
}

/* No aliasing: each part of work with the same period is sampled in proportion to its length. */
static void test_parts(void **state)
{
	struct schedule schedule = { 0, 10 };
	unsigned seen[10] = { 0 };

	(void)state;
	for (uint64_t tick = 0; tick < 1000; tick++) {
		uint64_t time = schedule_time(&schedule, tick);

		seen[time % 100000 / 10000]++;
		assert_in_range(schedule_time(&schedule, tick + 1) - time, 58000, 159000);
	}
	for (size_t i = 0; i < 10; i++)
		assert_in_range(seen[i], 98, 102);
}

/* Samples longer than a period: all are taken, all but the first late, none in a burst. */
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
			assert_true(now - last >= 58000);
		last = now;
		now += 270000;
	}
	assert_int_equal(late, 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_slow_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
