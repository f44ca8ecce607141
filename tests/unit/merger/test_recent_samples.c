#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/build/profile_builder.h"

/* Feeds a sample of one target. Each letter is a thread's leaf; a thread with a capital letter
 * runs, others sleep. */
static void sample_feed(struct profile_builder *builder, unsigned pid, unsigned ms,
                        const char *leaves)
{
	struct buf text = { 0 };

	buf_printf(&text, "~pmp begin sample=1 pid=%u time_us=%u\n", pid, ms * 1000);
	for (unsigned i = 0; leaves[i]; i++) {
		char state = leaves[i] < 'a' ? 'R' : 'S';

		buf_printf(&text, "Thread %u (LWP %u \"w\"):\n~pmp state code=%c cpu_us=%u\n",
		           i + 1, pid + i, state, ms);
		buf_printf(&text, "#0  0x1 in %c () at a.c:1\n#1  0x2 in main () at a.c:2\n",
		           leaves[i]);
	}
	buf_printf(&text, "~pmp end sample=1 pid=%u pause_us=%u\n", pid, ms);
	profile_builder_feed(builder, text.ptr, text.len);
	buf_deinit(&text);
}

static void failure_feed(struct profile_builder *builder, unsigned pid, unsigned ms)
{
	struct buf text = { 0 };

	buf_printf(&text, "~pmp failed sample=1 pid=%u time_us=%u why=x tid=%u\n", pid, ms * 1000,
	           pid);
	profile_builder_feed(builder, text.ptr, text.len);
	buf_deinit(&text);
}

static struct profile_builder *builder_make(uint64_t recent_us)
{
	const struct profile_builder_options options = { .timeline = true, .recent_us = recent_us };
	struct profile_builder *builder = profile_builder_create(&options);
	const char run[] = "~pmp run rate=10\n~pmp target pid=10\n";

	profile_builder_feed(builder, run, sizeof(run) - 1);
	return builder;
}

/* "main 3/0 a 1/1": names, totals and selfs of a window's tree. */
static void tree_is(struct profile_builder *builder, unsigned ms, bool running, const char *wanted)
{
	const struct profile *profile = profile_builder_peek(builder);
	struct recent_window view;
	struct tree *tree;
	struct buf out = { 0 };

	recent_window_init(&view, profile_builder_recent(builder), ms * 1000u);
	tree = recent_window_tree(&view, profile->tree, running);
	assert_int_equal(tree_node(tree, TREE_ROOT)->total, recent_window_stacks(&view, running));
	tree_sort(tree, profile->intern);
	for (uint32_t i = tree_next(tree, TREE_ROOT, NULL); i != TREE_NONE;
	     i = tree_next(tree, i, NULL))
		buf_printf(&out, "%s%.*s %u/%u", out.len ? " " : "",
		           SPAN_ARG(intern_get(profile->intern, tree_frame(tree, i)->name)),
		           (unsigned)tree_node(tree, i)->total, (unsigned)tree_self(tree, i));
	buf_add(&out, "", 1);
	assert_string_equal(out.ptr, wanted);
	buf_deinit(&out);
	tree_destroy(tree);
	recent_window_deinit(&view);
}

static void test_trees(void **state)
{
	struct profile_builder *builder = builder_make(1000000);

	(void)state;
	tree_is(builder, 1000, false, "");
	sample_feed(builder, 10, 0, "Ab");
	sample_feed(builder, 10, 100, "Ab");
	sample_feed(builder, 10, 200, "Cb");
	tree_is(builder, 1000, false, "main 6/0 b 3/3 A 2/2 C 1/1");
	tree_is(builder, 1000, true, "main 3/0 A 2/2 C 1/1");
	tree_is(builder, 100, true, "main 2/0 A 1/1 C 1/1");
	tree_is(builder, 0, false, "main 2/0 C 1/1 b 1/1");
	failure_feed(builder, 10, 300);
	tree_is(builder, 0, false, "x 1/1");
	profile_builder_destroy(builder);
}

/* A second target adds a level below the root; the nodes of the leaves stay the same. */
static void test_second_target(void **state)
{
	static const char target[] = "~pmp target pid=20\n";
	struct profile_builder *builder = builder_make(1000000);

	(void)state;
	sample_feed(builder, 10, 0, "A");
	profile_builder_feed(builder, target, sizeof(target) - 1);
	sample_feed(builder, 20, 0, "B");
	tree_is(builder, 0, false, "(pid 10) 1/0 main 1/0 A 1/1 (pid 20) 1/0 main 1/0 B 1/1");
	profile_builder_destroy(builder);
}

static void test_figures(void **state)
{
	struct profile_builder *builder = builder_make(1000000);
	struct recent_window view;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		sample_feed(builder, 10, i * 100, "A");
		sample_feed(builder, 20, i * 100, "A");
	}
	failure_feed(builder, 10, 9950);
	recent_window_init(&view, profile_builder_recent(builder), 450000);
	assert_int_equal(view.taken, 2 * 5);
	assert_int_equal(view.failed, 1);
	assert_int_equal(view.target_count, 2);
	assert_int_equal(view.span_us, 450000);
	assert_int_equal(recent_samples_sample_at(view.recent, view.targets[0].last)->time_us,
	                 9900000);
	assert_int_equal(view.pause_median_us, 9700);
	assert_int_equal(view.pause_max_us, 9900);
	recent_window_deinit(&view);
	/* Older samples are removed, however long the window is. */
	recent_window_init(&view, profile_builder_recent(builder), 100000000);
	assert_int_equal(view.taken, 2 * 10);
	recent_window_deinit(&view);
	profile_builder_destroy(builder);
}

/* With many threads fewer samples are kept. */
static void test_many(void **state)
{
	enum { THREADS = 1000, SAMPLES = 300 };
	struct profile_builder *builder = builder_make(UINT64_MAX / 2);
	char *leaves = calloc(THREADS + 1, 1);
	struct recent_window view;

	(void)state;
	memset(leaves, 'a', THREADS);
	for (unsigned i = 0; i < SAMPLES; i++)
		sample_feed(builder, 10, i, leaves);
	recent_window_init(&view, profile_builder_recent(builder), UINT64_MAX / 2);
	assert_int_equal(view.taken, RECENT_SAMPLES_STACKS_MAX / THREADS);
	assert_int_equal(recent_window_stacks(&view, false), RECENT_SAMPLES_STACKS_MAX);
	recent_window_deinit(&view);
	free(leaves);
	profile_builder_destroy(builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_second_target),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
