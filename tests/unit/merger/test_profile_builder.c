#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/build/profile_builder.h"
#include "merger/profile/pause_stats.h"
#include "tests/unit/render.h"

#define RUN "~pmp run version=1 started=2026-11-22T10:25:03Z rate=10 samples=4 host=box1\n"
#define TARGET(pid)                                                                                \
	"~pmp target pid=" #pid " executable=/usr/bin/python3.11 arg=python3 arg=a%20b.py\n"
#define BEGIN(pid, us) "~pmp begin sample=0 pid=" #pid " time_us=" #us "\n"
#define END(pid, us) "~pmp end sample=0 pid=" #pid " pause_us=" #us "\n"
#define THREAD(tid, name) "Thread 1 (LWP " #tid " \"" name "\"):\n#0  0x1 in work () at w.c:3\n"
#define STOP "~pmp stop seconds=0.5 stopped_us=1000\n"

static struct profile *build(const char *text, const struct profile_builder_options *options)
{
	struct profile_builder *builder = profile_builder_create(options);
	struct profile *profile;

	/* The text is fed in pieces. */
	for (size_t len = strlen(text), at = 0; at < len; at += 7)
		profile_builder_feed(builder, text + at, len - at < 7 ? len - at : 7);
	profile_builder_end_input(builder);
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	return profile;
}

/* The attach is the first pause and not part of a sample. */
static void test_first_pause(void **state)
{
	static const struct {
		const char *text;
		uint64_t first, max;
	} pauses[] = {
		{ RUN TARGET(7) "~pmp attached pid=7 pause_us=9000\n" BEGIN(7, 0) END(7, 10) STOP,
		  9000, 10 },
		{ RUN TARGET(7) BEGIN(7, 0) END(7, 30) BEGIN(7, 1) END(7, 10) STOP, 30, 30 },
	};
	const struct profile_builder_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		struct profile *profile = build(pauses[i].text, &options);

		assert_int_equal(profile->sampling.pause.first, pauses[i].first);
		assert_int_equal(profile->sampling.pause.max, pauses[i].max);
		profile_destroy(profile);
	}
}

static const struct row {
	const char *what;
	const char *text;
	bool by_thread;
	uint64_t asked, taken, late, failed, achieved_mhz, stopped_ppm;
	const char *collapsed;
} rows[] = {
	{ "no text", "", false, 0, 0, 0, 0, 0, 0, "" },
	{ "text without markers, no thread told", "#0  0x1 in work () at w.c:3\n", true, 0, 0, 0, 0,
	  0, 0, "(unknown thread);work (w.c) 1\n" },
	{ "a whole run",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a") END(7, 100) BEGIN(7, 100000) THREAD(7, "a")
	          END(7, 100) BEGIN(7, 200000) THREAD(7, "a")
	                  END(7, 100) "~pmp late sample=3 pid=7\n" BEGIN(7, 300000) THREAD(7, "a")
	                          END(7, 900) STOP,
	  false, 4, 4, 1, 0, 10000, 2000, "work (w.c) 4\n" },
	{ "an attach of its own: its pause counts, though not as a sample's",
	  RUN TARGET(7) "~pmp attached pid=7 pause_us=9000\n" BEGIN(7, 0) THREAD(7, "a")
	          END(7, 1000) "~pmp stop seconds=0.991 stopped_us=10000\n",
	  false, 4, 1, 0, 0, 1000, 10000, "work (w.c) 1\n" },
	{ "cut short by Ctrl-C: what was asked stays",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a")
	          END(7, 100) "~pmp stop seconds=0.1 stopped_us=100 interrupted=1\n",
	  false, 4, 1, 0, 0, 10000, 1000, "work (w.c) 1\n" },
	{ "a run without its end",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a") END(7, 100) BEGIN(7, 100000) THREAD(7, "a")
	          END(7, 100),
	  false, 4, 2, 0, 0, 10000, 2000, "work (w.c) 2\n" },
	{ "a failed sample weighs one for each thread",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a")
	          END(7, 100) "~pmp failed sample=1 pid=7 why=no%20answer tid=7 tid=8\n" STOP,
	  true, 4, 1, 0, 1, 2000, 2000,
	  "a (tid 7);no answer 1\na (tid 7);work (w.c) 1\n(tid 8);no answer 1\n" },
	{ "a lost thread",
	  RUN TARGET(7) BEGIN(7, 0)
	          THREAD(7, "a") "~pmp lost tid=8 name=b why=in%20state%20D\n" END(7, 100) STOP,
	  true, 4, 1, 0, 0, 2000, 2000, "a (tid 7);work (w.c) 1\nb (tid 8);in state D 1\n" },
	{ "two targets",
	  RUN TARGET(7) TARGET(9) BEGIN(7, 0) THREAD(7, "a") END(7, 100) BEGIN(9, 0) THREAD(9, "a")
	          END(9, 100) STOP,
	  true, 8, 2, 0, 0, 2000, 1000,
	  "a b.py (pid 7);a (tid 7);work (w.c) 1\na b.py (pid 9);a (tid 9);work (w.c) 1\n" },
	{ "a second target that comes later was not asked for",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a") END(7, 100) TARGET(9) BEGIN(9, 0) THREAD(9, "a")
	          END(9, 100) STOP,
	  false, 5, 2, 0, 0, 2000, 1000,
	  "a b.py (pid 7);work (w.c) 1\na b.py (pid 9);work (w.c) 1\n" },
	{ "a note of another process makes no level",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a")
	          END(7, 100) "~pmp note pid=9 text=a%20child\n" STOP,
	  false, 4, 1, 0, 0, 2000, 2000, "work (w.c) 1\n" },
	{ "two runs of one target are added up",
	  RUN TARGET(7) BEGIN(7, 0) THREAD(7, "a") END(7, 100) STOP RUN TARGET(7) BEGIN(7, 0)
	          THREAD(7, "a") END(7, 100) STOP,
	  false, 8, 2, 0, 0, 2000, 2000, "work (w.c) 2\n" },
	{ "markers that lie",
	  "~pmp run rate=nan samples=x\n~pmp target pid=99999999999\n~pmp begin\n" THREAD(
	          7,
	          "a") "~pmp end pause_us=99999999999999\n~pmp stop seconds=1e300 stopped_us=-1\n",
	  false, 1, 1, 0, 0, 0, 0, "work (w.c) 1\n" },
};

static void test_texts(void **state)
{
	static const struct write_options view = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct profile *profile =
		        build(row->text,
		              &(struct profile_builder_options){ .by_thread = row->by_thread });
		const struct profile_sampling *sampling = &profile->sampling;
		char *text = render(profile, "collapsed", &view);

		print_message("  %s\n", row->what);
		assert_string_equal(text, row->collapsed);
		assert_int_equal(sampling->asked, row->asked);
		assert_int_equal(sampling->taken, row->taken);
		assert_int_equal(sampling->late, row->late);
		assert_int_equal(sampling->failed, row->failed);
		assert_int_equal(sampling->achieved_mhz, row->achieved_mhz);
		assert_int_equal(sampling->stopped_ppm, row->stopped_ppm);
		assert_int_equal(profile_stacks(profile),
		                 tree_node(profile->tree, TREE_ROOT)->total);
		free(text);
		profile_destroy(profile);
	}
}

static void test_targets_and_threads(void **state)
{
	struct profile *profile =
	        build(RUN TARGET(7) "~pmp python pid=7 version=3.11.2\n" BEGIN(7, 0) THREAD(7, "a")
	                      THREAD(8, "old") END(7, 31000) BEGIN(7, 100000) THREAD(8, "new")
	                              END(7, 600) STOP,
	              &(struct profile_builder_options){ 0 });
	const struct profile_target *target = &profile->targets[0];

	(void)state;
	assert_int_equal(profile->target_count, 1);
	assert_string_equal(intern_get(profile->intern, target->python).ptr, "3.11.2");
	assert_string_equal(intern_get(profile->intern, target->host).ptr, "box1");
	assert_int_equal(target->arg_count, 2);
	assert_string_equal(intern_get(profile->intern, target->args[1]).ptr, "a b.py");
	assert_int_equal(profile->thread_count, 2);
	assert_int_equal(profile->threads[0].tid, 8); /* it has more stacks */
	assert_int_equal(profile->threads[0].stacks, 2);
	assert_string_equal(intern_get(profile->intern, profile->threads[0].name).ptr, "new");
	assert_int_equal(profile->threads[1].pid, 7);
	assert_int_equal(profile->sampling.rate_mhz, 10000);
	assert_int_equal(profile->sampling.elapsed_ms, 500);
	assert_int_equal(profile->sampling.pause.first, 31000);
	assert_int_equal(profile->sampling.pause.median, 600);
	assert_int_equal(profile->sampling.pause.max, 31000);
	profile_destroy(profile);
}

static void test_pauses(void **state)
{
	static const struct {
		size_t count; /* pauses of 1, 2, 3 ... us, the largest first */
		struct profile_pause pause;
	} cases[] = {
		{ 0, { false, 0, 0, 0, 0 } },          { 1, { true, 1, 1, 1, 1 } },
		{ 2, { true, 2, 1, 2, 2 } },           { 3, { true, 3, 2, 3, 3 } },
		{ 100, { true, 100, 50, 99, 100 } },   { 101, { true, 101, 51, 100, 101 } },
		{ 200, { true, 200, 100, 198, 200 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pause_stats pauses = { 0 };
		struct profile_pause got;

		for (size_t us = cases[i].count; us > 0; us--)
			pause_stats_add(&pauses, us);
		got = pause_stats_sum_up(&pauses);
		assert_int_equal(got.known, cases[i].pause.known);
		assert_int_equal(got.first, cases[i].pause.first);
		assert_int_equal(got.median, cases[i].pause.median);
		assert_int_equal(got.p99, cases[i].pause.p99);
		assert_int_equal(got.max, cases[i].pause.max);
		pause_stats_deinit(&pauses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_pause),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_targets_and_threads),
		cmocka_unit_test(test_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
