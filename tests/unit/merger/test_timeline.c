/* The timeline's encoding and limit, windows and weights, compared with a plain table of all
 * entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/build/profile_builder.h"
#include "merger/transform/time_window.h"
#include "tests/unit/render.h"

#define SAMPLES 400
#define THREADS 9
#define PATHS 7

/* One thread of one sample, as it was added. */
struct truth {
	bool there;
	struct timeline_entry entry;
};

static struct truth truth[SAMPLES][THREADS];
static struct timeline_sample samples[SAMPLES];

/* Samples of two targets in turns; some times go back. Most threads do not change. */
static void fill_timeline(struct timeline *timeline, const uint32_t *stacks, uint64_t seed)
{
	uint64_t dice_state = seed;

	for (size_t i = 0; i < SAMPLES; i++) {
		bool first = i < 2;

		samples[i] = (struct timeline_sample){
			.time_us = i * 100000 + dice(&dice_state) % 300000,
			.pause_us = dice(&dice_state) % (i % 5 ? 200 : UINT32_MAX),
			.pid = i % 2 ? 700 : 0,
			.late = !(dice(&dice_state) % 7),
			.failed = !(dice(&dice_state) % 11),
		};
		for (size_t t = 0; t < THREADS; t++) {
			struct truth *now = &truth[i][t];

			*now = first ? (struct truth){ 0 } : truth[i - 2][t];
			if (!(dice(&dice_state) % 4))
				now->there = dice(&dice_state) % 3;
			if (first || !(dice(&dice_state) % 3))
				now->entry = (struct timeline_entry){
					.stack = stacks[dice(&dice_state) % PATHS],
					.state = dice(&dice_state) % 2 ? 'R' : 0,
					.has_cpu = dice(&dice_state) % 2,
				};
			if (now->entry.has_cpu && !(dice(&dice_state) % 3))
				now->entry.cpu_us =
				        dice(&dice_state) % 5 ? 99871 : TIMELINE_CPU_MAX;
			/* threads 7 and 8 have no tid: the sample has one thread twice */
			if (now->there)
				timeline_add(timeline, samples[i].pid, t < 7 ? 10 + (uint32_t)t : 0,
				             &now->entry);
		}
		timeline_close(timeline, &samples[i]);
	}
}

/* The index of a slot's thread in truth[i]: the nth of those without a tid. */
static const struct truth *find_truth(size_t i, const struct timeline_slot *slot)
{
	uint32_t nth = slot->nth;

	if (slot->tid)
		return slot->nth ? NULL : &truth[i][slot->tid - 10];
	for (size_t t = 7; t < THREADS; t++)
		if (truth[i][t].there && !nth--)
			return &truth[i][t];
	return NULL;
}

static void assert_slot(const struct timeline_entry *now, const struct truth *wanted)
{
	if (!wanted || !wanted->there) {
		assert_int_equal(now->stack, TIMELINE_ROOT);
		return;
	}
	assert_int_equal(now->stack, wanted->entry.stack);
	assert_int_equal(now->state, wanted->entry.state);
	assert_int_equal(now->has_cpu, wanted->entry.has_cpu);
	assert_int_equal(now->cpu_us, wanted->entry.cpu_us);
}

static void assert_truth(const struct timeline *timeline)
{
	struct timeline_cursor cursor = { .timeline = timeline };
	struct timeline_entry *now = calloc(timeline->slot_count, sizeof(*now));
	size_t i = 0;
	uint64_t stacks = 0;

	for (; timeline_next(&cursor); i++) {
		assert_int_equal(cursor.sample.time_us, samples[i].time_us);
		assert_int_equal(cursor.sample.pause_us, samples[i].pause_us);
		assert_int_equal(cursor.sample.pid, samples[i].pid);
		assert_int_equal(cursor.sample.late, samples[i].late);
		assert_int_equal(cursor.sample.failed, samples[i].failed);
		for (size_t c = 0; c < cursor.change_count; c++)
			now[cursor.changes[c].slot] = cursor.changes[c].entry;
		for (size_t s = 0; s < timeline->slot_count; s++)
			if (timeline->slots[s].target == cursor.target)
				assert_slot(&now[s], find_truth(i, &timeline->slots[s]));
		for (size_t t = 0; t < THREADS; t++)
			stacks += truth[i][t].there;
	}
	assert_int_equal(i, timeline->sample_count);
	assert_int_equal(stacks, timeline->stacks);
	free(now);
	timeline_cursor_deinit(&cursor);
}

static void make_stacks(struct timeline *timeline, struct tree *tree, uint32_t *ret)
{
	for (uint32_t i = 0; i < PATHS; i++) {
		struct frame frames[] = { { .name = 1, .kind = FRAME_PYTHON, .line = i % 2 },
			                  { .name = 2 + i / 2, .kind = FRAME_PYTHON, .line = i } };
		uint32_t leaf = tree_add(tree, frames, 2, 1);

		ret[i] = timeline_stack(timeline, tree, leaf, frames, 2, QUALITY_MERGED);
	}
}

static void test_coding(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct timeline *timeline = timeline_create(SIZE_MAX);
		struct tree *tree = tree_create(false);
		uint32_t stacks[PATHS];

		make_stacks(timeline, tree, stacks);
		fill_timeline(timeline, stacks, seed);
		assert_int_equal(timeline->sample_count, SAMPLES);
		assert_truth(timeline);
		tree_destroy(tree);
		timeline_destroy(timeline);
	}
}

/* Equal stacks have one number; stacks that differ in line, quality, node or end do not. */
static void test_stacks(void **state)
{
	struct timeline *timeline = timeline_create(SIZE_MAX);
	struct tree *tree = tree_create(false);
	struct frame frames[] = { { .name = 1, .kind = FRAME_PYTHON, .line = 5 },
		                  { .name = 2, .kind = FRAME_NATIVE, .line = 6 },
		                  { .name = 3, .kind = FRAME_MARKER, .line = 7 } };
	uint32_t ids[6];

	(void)state;
#define STACK(count, mark)                                                                         \
	timeline_stack(timeline, tree, tree_add(tree, frames, count, 1), frames, count, mark)
	ids[0] = STACK(3, QUALITY_MERGED);
	ids[1] = STACK(3, QUALITY_PARTIAL);
	ids[2] = STACK(2, QUALITY_MERGED);
	frames[0].line = 9;
	ids[3] = STACK(3, QUALITY_MERGED);
	frames[1].name = 4;
	ids[4] = STACK(3, QUALITY_MERGED);
	frames[1].name = 2;
	frames[2].line = 8; /* a marker has no line */
	ids[5] = STACK(3, QUALITY_MERGED);
	assert_int_equal(ids[5], ids[3]);
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	assert_int_equal(timeline->steps[ids[5]].line, 0);
	assert_int_equal(timeline->steps[timeline->steps[ids[5]].parent].line, 6);
	for (uint32_t i = 1; i < timeline->step_count; i++)
		assert_true(timeline->steps[i].parent < i);
	tree_destroy(tree);
	timeline_destroy(timeline);
}

static struct profile *build(const char *text, size_t max)
{
	struct profile_builder *builder = profile_builder_create(&(struct profile_builder_options){
	        .by_thread = true, .timeline = true, .time_bytes = max });
	struct profile *profile;

	profile_builder_feed(builder, text, strlen(text));
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	return profile;
}

/* A run at 10 Hz: one thread with `a` in the first half and `b` in the second, and one that
 * sleeps. */
static char *phases_text(size_t count)
{
	struct buf text = { 0 };

	buf_printf(&text, "~pmp run rate=10 samples=%zu\n~pmp target pid=7\n", count);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&text, "~pmp begin pid=7 time_us=%zu\n", i * 100000);
		buf_printf(&text, "Thread 1 (LWP 7 \"m\"):\n~pmp state code=R cpu_us=%zu\n",
		           5000 + i * 90000);
		buf_printf(&text, "#0  0x1 in %s () at w.c:%zu\n", i < count / 2 ? "a" : "b",
		           i % 2 + 1);
		buf_printf(&text, "Thread 2 (LWP 8 \"s\"):\n~pmp state code=S cpu_us=%zu\n",
		           i * 30);
		buf_printf(&text, "#0  0x1 in rest () at w.c:9\n~pmp end pid=7 pause_us=400\n");
	}
	buf_printf(&text, "~pmp stop seconds=%.1f\n", (double)count / 10);
	buf_add(&text, "", 1);
	return text.ptr;
}

#define S(n) ((uint64_t)(n)*1000000)
#define AT(s)                                                                                      \
	{                                                                                          \
		true, false, (uint64_t)((s)*1000000)                                               \
	}
#define BEFORE_END(s)                                                                              \
	{                                                                                          \
		true, true, (uint64_t)((s)*1000000)                                                \
	}

static const struct {
	const char *what;
	struct time_window window;
	const char *collapsed; /* "": an error */
} windows[] = {
	{ "all, weighed as it is",
	  { 0 },
	  "m (tid 7);a (w.c) 10\nm (tid 7);b (w.c) 10\ns (tid 8);rest (w.c) 20\n" },
	{ "a part",
	  { .from = AT(0.5), .to = AT(1.2) },
	  "m (tid 7);a (w.c) 5\nm (tid 7);b (w.c) 2\ns (tid 8);rest (w.c) 7\n" },
	{ "the end", { .from = BEFORE_END(0.3) }, "m (tid 7);b (w.c) 3\ns (tid 8);rest (w.c) 3\n" },
	{ "more than there is",
	  { .from = BEFORE_END(99), .to = AT(0.1) },
	  "m (tid 7);a (w.c) 1\ns (tid 8);rest (w.c) 1\n" },
	{ "nothing", { .from = AT(50) }, "" },
	{ "an end before the start", { .from = AT(1), .to = AT(0.5) }, "" },
	{ "CPU time: none is known of the first sample",
	  { .weight = PROFILE_CPU_US },
	  "m (tid 7);b (w.c) 900000\nm (tid 7);a (w.c) 810000\n" },
	{ "CPU time of a part",
	  { .from = AT(0.8), .to = AT(1.1), .weight = PROFILE_CPU_US },
	  "m (tid 7);a (w.c) 180000\nm (tid 7);b (w.c) 90000\n" },
	{ "threads that ran", { .running = true }, "m (tid 7);a (w.c) 10\nm (tid 7);b (w.c) 10\n" },
};

static void test_windows(void **state)
{
	static const struct write_options view = { 0 };
	char *text = phases_text(20);

	(void)state;
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct profile *profile = build(text, 0);
		struct error err = { 0 };
		char *got;

		print_message("  %s\n", windows[i].what);
		if (!time_window_apply(profile, &windows[i].window, &err))
			fail_msg("%s", err.text);
		got = render(profile, "collapsed", &view);
		assert_string_equal(got, windows[i].collapsed);
		assert_int_equal(profile->timeline->stacks, profile_stacks(profile));
		if (!windows[i].window.weight)
			assert_int_equal(tree_node(profile->tree, TREE_ROOT)->total,
			                 profile_stacks(profile));
		free(got);
		profile_destroy(profile);
	}
	free(text);
}

/* A window of the whole time gives the same profile, also by line. A window of a window is a
 * window. */
static void test_window_whole(void **state)
{
	static const struct write_options view = { 0 };
	static const struct time_window wide = { .from = AT(0), .to = AT(99) },
	                                left = { .to = AT(1.3) }, right = { .from = AT(0.6) },
	                                both = { .from = AT(0.6), .to = AT(1.3) };
	char *text = phases_text(20), *first, *second;
	struct profile *profile = build(text, 0), *again = build(text, 0);
	struct error err = { 0 };

	(void)state;
	profile->text_lines = again->text_lines;
	first = render(profile, "tree", &view);
	assert_true(time_window_apply(profile, &wide, &err));
	second = render(profile, "tree", &view);
	assert_string_equal(first, second);
	free(first);
	free(second);
	assert_true(time_window_apply(profile, &left, &err));
	profile->sampling.elapsed_ms =
	        2000; /* times from the end are relative to the end of the run */
	assert_true(time_window_apply(profile, &right, &err));
	assert_true(time_window_apply(again, &both, &err));
	profile->sampling = again->sampling;
	first = render(profile, "yaml", &view);
	second = render(again, "yaml", &view);
	assert_string_equal(first, second);
	free(first);
	free(second);
	profile_destroy(profile);
	profile_destroy(again);
	free(text);
}

/* With any limit the tree has all samples, and the part of the timeline that is stored adds up. */
static void test_limit(void **state)
{
	char *text = phases_text(200);

	(void)state;
	for (size_t max = 1; max < 4000; max += max < 100 ? 7 : 301) {
		struct profile *profile = build(text, max);
		struct timeline_cursor cursor = { .timeline = profile->timeline };
		uint64_t samples_seen = 0;

		assert_int_equal(profile_stacks(profile), 400);
		assert_int_equal(tree_node(profile->tree, TREE_ROOT)->total, 400);
		while (timeline_next(&cursor))
			samples_seen++;
		timeline_cursor_deinit(&cursor);
		assert_int_equal(profile->timeline->stacks, samples_seen * 2);
		assert_int_equal(profile->timeline->full, samples_seen < 200);
		assert_int_equal(profile->note_count, profile->timeline->full);
		if (profile->timeline->full)
			assert_int_equal(profile->timeline->full_us, samples_seen * 100000);
		/* at most one sample past the limit */
		assert_true(timeline_bytes(profile->timeline) < max + 1000);
		profile_destroy(profile);
	}
	free(text);
}

static const struct {
	const char *what, *text;
	uint64_t samples, stacks;
	uint64_t cpu_us; /* of all entries */
	size_t notes;
} texts[] = {
	{ "no markers, no timeline", "#0  0x1 in a () at w.c:3\n", 0, 0, 0, 0 },
	{ "a stack outside of samples has no time",
	  "#0  0x1 in a () at w.c:3\n~pmp begin pid=7 time_us=5\n#0  0x1 in b () at w.c:3\n"
	  "~pmp end pid=7 pause_us=1\n",
	  1, 1, 0, 1 },
	{ "a sample without its end",
	  "~pmp begin pid=7 time_us=5\n#0  0x1 in b () at w.c:3\n~pmp begin pid=7 time_us=9\n"
	  "#0  0x1 in b () at w.c:3\n",
	  2, 2, 0, 0 },
	{ "a failed sample", "~pmp failed pid=7 why=x tid=7 tid=8\n", 1, 2, 0, 0 },
	{ "a lost thread outside of samples",
	  "~pmp begin pid=7 time_us=5\n~pmp end pid=7\n~pmp lost tid=8 why=x\n"
	  "~pmp begin pid=7 time_us=9\n~pmp end pid=7\n",
	  2, 0, 0, 1 },
	{ "one thread twice in a sample",
	  "~pmp begin pid=7 time_us=5\n~pmp lost tid=8 why=x\n~pmp lost tid=8 why=x\n"
	  "~pmp end pid=7 pause_us=1\n",
	  1, 2, 0, 0 },
	{ "a new thread's CPU time is all that it had, a restarted one's too",
	  "~pmp run rate=1\n~pmp target pid=7\n~pmp begin pid=7 time_us=0\n~pmp lost tid=8 "
	  "cpu_us=900000000\n~pmp end pid=7\n"
	  "~pmp begin pid=7 time_us=1000000\n~pmp lost tid=8 cpu_us=900300000\n~pmp lost tid=9 "
	  "cpu_us=20000\n"
	  "~pmp end pid=7\n~pmp begin pid=7 time_us=2000000\n~pmp lost tid=8 cpu_us=4000\n~pmp "
	  "lost tid=9 cpu_us=20999\n~pmp end pid=7\n",
	  3, 5, 300000 + 20000 + 4000, 0 },
	{ "no more than the time since the target's sample before",
	  "~pmp target pid=7\n~pmp begin pid=7 time_us=0\n~pmp end pid=7\n~pmp begin pid=7 "
	  "time_us=50000\n"
	  "~pmp lost tid=8 cpu_us=900000000\n~pmp end pid=7\n",
	  2, 1, 50000, 0 },
	{ "another run knows nothing of the one before",
	  "~pmp run rate=1\n~pmp target pid=7\n~pmp begin pid=7 time_us=0\n~pmp lost tid=8 "
	  "cpu_us=1000\n~pmp end pid=7\n"
	  "~pmp stop seconds=3\n"
	  "~pmp run rate=1\n~pmp target pid=7\n~pmp begin pid=7 time_us=0\n~pmp lost tid=8 "
	  "cpu_us=90000\n~pmp end pid=7\n",
	  2, 2, 0, 0 },
	{ "less than a millisecond waits until it is more",
	  "~pmp target pid=7\n~pmp begin pid=7 time_us=0\n~pmp lost tid=8 cpu_us=0\n~pmp end "
	  "pid=7\n"
	  "~pmp begin pid=7 time_us=100000\n~pmp lost tid=8 cpu_us=600\n~pmp end pid=7\n"
	  "~pmp begin pid=7 time_us=200000\n~pmp lost tid=8 cpu_us=1200\n~pmp end pid=7\n",
	  3, 3, 1200, 0 },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct profile *profile = build(texts[i].text, 0);
		const struct timeline *timeline = profile->timeline;
		struct error err = { 0 };
		struct time_window window = { .weight = PROFILE_CPU_US };

		print_message("  %s\n", texts[i].what);
		assert_int_equal(timeline ? timeline->sample_count : 0, texts[i].samples);
		assert_int_equal(timeline ? timeline->stacks : 0, texts[i].stacks);
		assert_int_equal(profile->note_count, texts[i].notes);
		if (texts[i].cpu_us) {
			assert_true(time_window_apply(profile, &window, &err));
			assert_int_equal(tree_node(profile->tree, TREE_ROOT)->total,
			                 texts[i].cpu_us);
		} else if (i) {
			/* unchanged since then */
			if (!time_window_apply(profile, &window, &err))
				assert_int_equal(err.code, ERROR_INPUT);
		}
		profile_destroy(profile);
	}
}

/* The second run begins at the end of the first one; a second target adds a level below the
 * root. */
static void test_times(void **state)
{
	static const char text[] =
	        "~pmp run rate=10\n~pmp target pid=7\n~pmp begin pid=7 time_us=100\n"
	        "Thread 1 (LWP 7 \"m\"):\n#0  0x1 in a () at w.c:3\n~pmp end pid=7\n"
	        "~pmp failed pid=7 why=x tid=7\n~pmp failed pid=7 time_us=900000 why=x tid=7\n"
	        "~pmp stop seconds=2.5\n"
	        "~pmp run rate=10\n~pmp target pid=9\n~pmp begin pid=9 time_us=100\n"
	        "Thread 1 (LWP 9 \"m\"):\n#0  0x1 in a () at w.c:3\n~pmp end pid=9\n";
	static const uint64_t wanted[] = { 100, 100100, 900000, 2500100 };
	static const struct time_window late = { .from = AT(0.95) };
	static const struct write_options view = { 0 };
	struct profile *profile = build(text, 0);
	struct timeline_cursor cursor = { .timeline = profile->timeline };
	struct error err = { 0 };
	char *got;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(timeline_next(&cursor));
		assert_int_equal(cursor.sample.time_us, wanted[i]);
	}
	assert_false(timeline_next(&cursor));
	timeline_cursor_deinit(&cursor);
	got = render(profile, "collapsed", &view);
	assert_string_equal(got, "(pid 7);m (tid 7);x 2\n(pid 7);m (tid 7);a (w.c) 1\n"
	                         "(pid 9);m (tid 9);a (w.c) 1\n");
	free(got);
	assert_true(time_window_apply(profile, &late, &err));
	got = render(profile, "collapsed", &view);
	assert_string_equal(got, "(pid 9);m (tid 9);a (w.c) 1\n");
	free(got);
	profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coding),  cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_windows), cmocka_unit_test(test_window_whole),
		cmocka_unit_test(test_limit),   cmocka_unit_test(test_texts),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
