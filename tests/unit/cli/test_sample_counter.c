/* The samples of one target: which is due when, and what becomes of each. The schedule starts at
 * START and has 10 ticks a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/os/clock.h"
#include "cli/sampler/sample_counter.h"
#include "recording.h"

#define START 7000000
#define TICK(n) (schedule_time(&(const struct schedule){ START, 10 }, n))
#define NO_PROCESS UINT32_MAX
#define EVENTS_MAX 8

enum event {
	END_OF_ROW,
	DUE,    /* wanted: its tick; NEVER: none is */
	TAKEN,  /* the sample that was due is taken, with a pause of 100 us */
	FAILED, /* it fails */
	REST    /* nothing more can be taken */
};

#define NEVER UINT64_MAX

struct event_row {
	enum event event;
	uint64_t now;
	uint64_t wanted;
};

static const struct {
	const char *what;
	uint64_t samples, end_us;
	struct event_row events[EVENTS_MAX];
	/* afterwards */
	const char *text;
	uint64_t taken, failed, in_row;
} rows[] = {
	{ "the first sample is due at the first tick, the second at the second",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START, 0 }, { TAKEN, START + 50, 0 }, { DUE, START + 51, 1 } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "half a period after its tick it is in time",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START, 0 }, { DUE, START + 50000, 0 }, { TAKEN, START + 60000, 0 } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "more than that, and it moves to the next tick, and is late",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START, 0 },
	    { DUE, START + 50001, 1 },
	    { DUE, START + 160000, 1 },
	    { TAKEN, START + 160000, 0 } },
	  "~pmp late sample=1 pid=4294967295\ntext\n",
	  1,
	  0,
	  0 },
	{ "it is late once, however often it moves; the next one is not late",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START + 60000, 1 },
	    { DUE, START + 960000, 10 },
	    { TAKEN, START + 1090000, 0 },
	    { DUE, START + 1100000, 11 },
	    { TAKEN, START + 1100000, 0 } },
	  "~pmp late sample=1 pid=4294967295\ntext\ntext\n",
	  2,
	  0,
	  0 },
	{ "a long sample costs the next one its tick, and nothing is taken in a burst",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START, 0 },
	    { TAKEN, START + 450000, 0 },
	    { DUE, START + 450000, 5 },
	    { TAKEN, START + 600000, 0 },
	    { DUE, START + 600000, 6 } },
	  "text\n~pmp late sample=2 pid=4294967295\ntext\n",
	  2,
	  0,
	  0 },
	{ "all that were asked for are taken",
	  2,
	  CLOCK_NEVER,
	  { { DUE, START, 0 },
	    { TAKEN, START, 0 },
	    { DUE, START, 1 },
	    { TAKEN, START, 0 },
	    { DUE, START, NEVER } },
	  "text\ntext\n",
	  2,
	  0,
	  0 },
	{ "one that failed is one of those that were asked for",
	  2,
	  CLOCK_NEVER,
	  { { FAILED, START, 0 }, { TAKEN, START, 0 }, { DUE, START, NEVER } },
	  "~pmp failed sample=1 pid=4294967295 time_us=0 why=broken tid=8 tid=9\ntext\n",
	  1,
	  1,
	  0 },
	{ "-d's end: what would be due then is not",
	  UINT64_MAX,
	  START + 158578, /* TICK(1) */
	  { { DUE, START, 0 }, { TAKEN, START, 0 }, { DUE, START, NEVER } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "-d's end: what is due a moment before it is taken",
	  UINT64_MAX,
	  START + 158579,
	  { { DUE, START, 0 }, { TAKEN, START, 0 }, { DUE, START, 1 } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "-d's end has passed while the last sample was taken",
	  UINT64_MAX,
	  START + 300000,
	  { { DUE, START, 0 }, { TAKEN, START + 400000, 0 }, { DUE, START + 400000, NEVER } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "-n and -d: whichever is first",
	  1,
	  START + 900000,
	  { { TAKEN, START, 0 }, { DUE, START, NEVER } },
	  "text\n",
	  1,
	  0,
	  0 },
	{ "failures in a row are counted, up to the next sample",
	  9,
	  CLOCK_NEVER,
	  { { TAKEN, START, 0 }, { FAILED, START, 0 }, { FAILED, START, 0 } },
	  "text\n"
	  "~pmp failed sample=2 pid=4294967295 time_us=158578 why=broken tid=8 tid=9\n"
	  "~pmp failed sample=3 pid=4294967295 time_us=217157 why=broken tid=8 tid=9\n",
	  1,
	  2,
	  2 },
	{ "one that is taken ends the row",
	  9,
	  CLOCK_NEVER,
	  { { FAILED, START, 0 }, { FAILED, START, 0 }, { TAKEN, START, 0 } },
	  "~pmp failed sample=1 pid=4294967295 time_us=0 why=broken tid=8 tid=9\n"
	  "~pmp failed sample=2 pid=4294967295 time_us=158578 why=broken tid=8 tid=9\n"
	  "text\n",
	  1,
	  2,
	  0 },
	{ "late, and then it fails: it was due at the tick to which it had moved",
	  9,
	  CLOCK_NEVER,
	  { { DUE, START + 60000, 1 }, { FAILED, START + 160000, 0 }, { DUE, START + 160000, 2 } },
	  "~pmp late sample=1 pid=4294967295\n"
	  "~pmp failed sample=1 pid=4294967295 time_us=158578 why=broken tid=8 tid=9\n",
	  0,
	  1,
	  1 },
	{ "the rest: a line for each that will not come, at its own time",
	  3,
	  CLOCK_NEVER,
	  { { TAKEN, START, 0 }, { REST, START, 0 }, { DUE, START, NEVER } },
	  "text\n"
	  "~pmp failed sample=2 pid=4294967295 time_us=158578 why=broken tid=8 tid=9\n"
	  "~pmp failed sample=3 pid=4294967295 time_us=217157 why=broken tid=8 tid=9\n",
	  1,
	  2,
	  0 },
	{ "the rest, told twice: once",
	  1,
	  CLOCK_NEVER,
	  { { REST, START, 0 }, { REST, START, 0 } },
	  "~pmp failed sample=1 pid=4294967295 time_us=0 why=broken tid=8 tid=9\n",
	  0,
	  1,
	  0 },
	{ "the rest of a run with -d alone: how many that are nobody knows",
	  UINT64_MAX,
	  START + 900000,
	  { { TAKEN, START, 0 }, { REST, START, 0 } },
	  "text\n",
	  1,
	  0,
	  0 },
};

static const struct process_threads *lost_threads(void)
{
	static struct process_thread two[] = { { .tid = 8 }, { .tid = 9 } };
	static const struct process_threads threads = { two, 2, 2 };

	return &threads;
}

static void take_event(struct sample_counter *counter, const struct event_row *row)
{
	switch (row->event) {
	case DUE:
		assert_int_equal(sample_counter_due(counter, row->now),
		                 row->wanted == NEVER ? CLOCK_NEVER : TICK(row->wanted));
		break;
	case TAKEN:
		sample_counter_taken(counter, SPAN_LIT("text\n"), 100, row->now);
		assert_int_equal(counter->last_us, row->now);
		break;
	case FAILED:
		sample_counter_failed(counter, "broken", lost_threads(), row->now);
		assert_int_equal(counter->last_us, row->now);
		break;
	case REST:
		sample_counter_fail_remaining(counter, "broken", lost_threads());
		break;
	case END_OF_ROW:
		break;
	}
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct recording recording;
		struct sample_plan plan = { .schedule = { START, 10 },
			                    .started = true,
			                    .samples = rows[i].samples,
			                    .end_us = rows[i].end_us,
			                    .recorder = &recording.recorder };
		struct sample_counter counter = { .plan = &plan, .pid = NO_PROCESS, .sample = 1 };

		recording_init(&recording, true);
		for (size_t j = 0; j < EVENTS_MAX && rows[i].events[j].event; j++) {
			print_message("%s: %zu\n", rows[i].what, j);
			take_event(&counter, &rows[i].events[j]);
		}
		assert_string_equal(recording_text(&recording.text), rows[i].text);
		assert_int_equal(counter.taken, rows[i].taken);
		assert_int_equal(counter.failed, rows[i].failed);
		assert_int_equal(counter.in_row, rows[i].in_row);
		assert_int_equal(counter.stopped_us, rows[i].taken * 100);
		recording_deinit(&recording);
	}
}

/* Before the schedule's start is known, and of a run that would never end: none, or not all. */
static void test_rest(void **state)
{
	static const struct {
		const char *what;
		bool started;
		uint64_t samples;
		uint64_t wanted;
	} rests[] = {
		{ "the run has not begun", false, 5, 0 },
		{ "it has", true, 5, 5 },
		{ "more than anybody reads", true, 100000000, 100000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		struct recording recording;
		struct sample_plan plan = { .schedule = { START, 10 },
			                    .started = rests[i].started,
			                    .samples = rests[i].samples,
			                    .end_us = CLOCK_NEVER,
			                    .recorder = &recording.recorder };
		struct sample_counter counter = { .plan = &plan, .pid = NO_PROCESS, .sample = 1 };

		print_message("%s\n", rests[i].what);
		recording_init(&recording, true);
		sample_counter_fail_remaining(&counter, "broken", lost_threads());
		assert_int_equal(counter.failed, rests[i].wanted);
		assert_int_equal(recording_count(&recording, "~pmp failed "), rests[i].wanted);
		recording_deinit(&recording);
	}
}

/* The target's mappings are read before its sample, once; not if a thread is in state D: it may
 * hold their lock. */
static void test_maps(void **state)
{
	static const struct {
		const char *what, *text;
		size_t maps; /* so far */
	} samples[] = {
		{ "a thread is in state D",
		  "~pmp begin sample=1\n~pmp kernel tid=1 name=x state=D\n~pmp end sample=1\n", 0 },
		{ "none is", "~pmp begin sample=1\n~pmp end sample=1\n", 1 },
		{ "nothing has changed", "~pmp begin sample=1\n~pmp end sample=1\n", 1 },
		{ "an empty sample", "", 1 },
	};
	struct recording recording;
	struct sample_plan plan = { .schedule = { START, 10 },
		                    .samples = 9,
		                    .recorder = &recording.recorder };
	struct sample_counter counter = { .plan = &plan, .pid = (uint32_t)getpid(), .sample = 1 };
	const char *map, *begin;

	(void)state;
	recording_init(&recording, true);
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		print_message("%s\n", samples[i].what);
		sample_counter_taken(&counter, span_of(samples[i].text), 0, START);
		assert_int_equal(recording_count(&recording, "~pmp maps "), samples[i].maps);
	}
	map = strstr(recording_text(&recording.text), "~pmp map pid=");
	assert_non_null(map);
	begin = strstr(recording_text(&recording.text), "~pmp end sample=1\n~pmp maps ");
	assert_non_null(begin);
	assert_non_null(strstr(map, "~pmp begin sample=1\n"));
	recording_deinit(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
