/* Comparisons: the largest change comes first, and equal programs have no `sure` change. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/build/profile_builder.h"
#include "merger/stats/profile_diff.h"
#include "merger/stats/tree_error.h"
#include "tests/unit/render.h"

#define TRIALS 100
#define WRONG_MAX 5

/* A program: the shares of its functions, in parts of 1. */
static const char *const functions[] = { "burn", "parse", "lookup", "encode", "log", "gc", "poll" };
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))
static const double usual[FUNCTIONS] = { 0.40, 0.20, 0.15, 0.10, 0.08, 0.05, 0.02 };

struct trial {
	uint64_t dice;
	double shares[FUNCTIONS];
	unsigned samples;
	unsigned stay; /* mean number of samples in the same function */
	bool timed;    /* as pmp's own text, with a timeline */
};

static double chance(uint64_t *state)
{
	return (double)(dice(state) % 1000000) / 1e6;
}

static size_t function_pick(struct trial *trial)
{
	double left = 0;

	for (size_t i = 0; i < FUNCTIONS; i++)
		left += trial->shares[i];
	left *= chance(&trial->dice);
	for (size_t i = 0; i + 1 < FUNCTIONS; i++) {
		left -= trial->shares[i];
		if (left < 0)
			return i;
	}
	return FUNCTIONS - 1;
}

__attribute__((format(printf, 2, 3))) static void feed(struct profile_builder *builder,
                                                       const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	profile_builder_feed(builder, text, strlen(text));
}

static struct profile *record(struct trial *trial)
{
	const struct profile_builder_options options = { .timeline = trial->timed };
	struct profile_builder *builder = profile_builder_create(&options);
	size_t function = function_pick(trial);
	struct profile *profile;

	feed(builder, "~pmp run version=1 rate=100 samples=%u attach=once\n~pmp target pid=7\n",
	     trial->samples);
	for (unsigned i = 0; i < trial->samples; i++) {
		if (trial->stay < 2 || dice(&trial->dice) % trial->stay == 0)
			function = function_pick(trial);
		feed(builder, "~pmp begin sample=%u pid=7 time_us=%u\n", i, i * 10000);
		feed(builder, "Thread 1 (LWP 7):\n#0  %s () at a.c:1\n#1  main () at a.c:9\n",
		     functions[function]);
		feed(builder, "~pmp end sample=%u pid=7 pause_us=300\n", i);
	}
	profile_builder_end_input(builder);
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	assert_int_equal(tree_node(profile->tree, TREE_ROOT)->total, trial->samples);
	assert_int_equal(profile->timeline != NULL, trial->timed);
	return profile;
}

static void diff_make(struct profile_diff *ret, struct trial *before, struct trial *after)
{
	struct profile *a = record(before), *b = record(after);
	struct error err = { 0 };

	assert_true(profile_diff_init(ret, a, b, &err));
	profile_destroy(a);
	profile_destroy(b);
}

static const char *row_name(const struct profile_diff *diff, size_t i)
{
	return intern_get(diff->joint->intern, diff->rows[i].frame->name).ptr;
}

/* How many of TRIALS comparisons of a program with itself have a `sure` row. */
static unsigned same_trials(unsigned samples, unsigned stay, bool timed, uint64_t seed)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < TRIALS; i++) {
		struct trial trial = {
			.dice = seed + 7919 * i, .samples = samples, .stay = stay, .timed = timed
		};
		struct trial again;
		struct profile_diff diff;

		memcpy(trial.shares, usual, sizeof(usual));
		again = trial;
		again.dice += 104729;
		diff_make(&diff, &trial, &again);
		wrong += diff.sure_count > 0;
		profile_diff_deinit(&diff);
	}
	return wrong;
}

static void test_same(void **state)
{
	(void)state;
	assert_in_range(same_trials(200, 1, false, 11), 0, WRONG_MAX);
	assert_in_range(same_trials(200, 1, true, 12), 0, WRONG_MAX);
	assert_in_range(same_trials(2000, 1, true, 13), 0, WRONG_MAX);
	/* Neighbouring samples are correlated: a tenth of the information. */
	assert_in_range(same_trials(2000, 10, true, 14), 0, WRONG_MAX);
	/* Phases are longer than the parts of the run. */
	assert_in_range(same_trials(200, 5, true, 15), 0, WRONG_MAX);
	assert_in_range(same_trials(200, 20, true, 16), 0, WRONG_MAX);
}

/* "burn" has become 15 % faster: it is the first row, and in most trials `sure`. */
static void test_faster(void **state)
{
	unsigned sure = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct trial before = {
			.dice = 31 + i, .samples = 10000, .stay = 1, .timed = i % 2
		};
		struct trial after;
		struct profile_diff diff;

		memcpy(before.shares, usual, sizeof(usual));
		after = before;
		after.dice += 1000;
		after.shares[0] *= 0.85;
		diff_make(&diff, &before, &after);
		assert_string_equal(row_name(&diff, 0), "burn");
		sure += diff.rows[0].sure;
		assert_true(fabs(diff_change(&diff.rows[0].self) + 0.038) <
		            diff.rows[0].self.error * 1.6);
		profile_diff_deinit(&diff);
	}
	assert_in_range(sure, 18, 20);
}

/* How many of TRIALS intervals of burn's share contain it. */
static unsigned share_trials(unsigned samples, unsigned stay, bool timed, uint64_t seed)
{
	unsigned inside = 0;

	for (unsigned i = 0; i < TRIALS; i++) {
		struct trial trial = {
			.dice = seed + 7919 * i, .samples = samples, .stay = stay, .timed = timed
		};
		struct tree_error tree_error;
		struct profile *profile;
		uint32_t node;

		memcpy(trial.shares, usual, sizeof(usual));
		profile = record(&trial);
		tree_error_init(&tree_error, profile, NULL, NULL);
		node = tree_node(profile->tree, tree_next(profile->tree, TREE_ROOT, NULL))
		               ->first_child;
		while (node != TREE_NONE &&
		       strcmp(intern_get(profile->intern, tree_frame(profile->tree, node)->name)
		                      .ptr,
		              "burn") != 0)
			node = tree_node(profile->tree, node)->next_sibling;
		if (node != TREE_NONE) {
			double share =
			        (double)tree_node(profile->tree, node)->total / (double)samples;

			inside += fabs(share - usual[0]) <=
			          sampling_error_of(&tree_error.errors, node, share);
		}
		tree_error_deinit(&tree_error);
		profile_destroy(profile);
	}
	return inside;
}

static void test_shares(void **state)
{
	(void)state;
	assert_in_range(share_trials(100, 1, false, 21), 90, 100);
	assert_in_range(share_trials(200, 1, true, 22), 90, 100);
	assert_in_range(share_trials(200, 5, true, 23), 90, 100);
	assert_in_range(share_trials(200, 20, true, 24), 90, 100);
	assert_in_range(share_trials(2000, 20, true, 25), 90, 100);
}

/* The change of burn's share is 0: how many of the 95 % intervals contain 0. */
static void test_intervals(void **state)
{
	unsigned inside = 0;

	(void)state;
	for (unsigned i = 0; i < TRIALS; i++) {
		struct trial trial = { .dice = 500 + i, .samples = 800, .stay = 5, .timed = true };
		struct profile_diff diff;
		struct trial again;

		memcpy(trial.shares, usual, sizeof(usual));
		again = trial;
		again.dice += 10000;
		diff_make(&diff, &trial, &again);
		for (size_t j = 0; j < diff.row_count; j++)
			if (!strcmp(row_name(&diff, j), "burn"))
				inside += fabs(diff_change(&diff.rows[j].self)) <=
				          diff.rows[j].self.error;
		profile_diff_deinit(&diff);
	}
	print_message("%u of %d intervals hold the true change\n", inside, TRIALS);
	assert_in_range(inside, 88, 100);
}

static void compare(const char *before, const char *after, bool ok)
{
	struct profile *a = read_collapsed(before), *b = read_collapsed(after);
	struct profile_diff diff;
	struct error err = { 0 };

	assert_int_equal(profile_diff_init(&diff, a, b, &err), ok);
	if (ok) {
		double self[DIFF_SIDES] = { 0 };

		for (size_t i = 0; i < diff.row_count; i++) {
			self[0] += diff.rows[i].self.before;
			self[1] += diff.rows[i].self.after;
		}
		assert_true(fabs(self[0] - 1) < 1e-9 && fabs(self[1] - 1) < 1e-9);
	} else {
		assert_int_equal(err.code, ERROR_INPUT);
	}
	profile_diff_deinit(&diff);
	profile_destroy(a);
	profile_destroy(b);
}

/* Shares add up; no common function; recursion; one sample each; too large; empty. */
static void test_odd(void **state)
{
	(void)state;
	compare("a;b 3\na;c 1\n", "a;b 1\na 7\n", true);
	compare("a;b 3\n", "x;y 5\n", true);
	compare("f;f;f 3\nf;g;f 1\n", "f 1\n", true);
	compare("a 1\n", "a 1\n", true);
	compare("a 18446744073709551615\n", "a 1\n", false);
	compare("", "a 1\n", false);
	compare("a 1\n", "", false);
}

/* Collapsed stacks have no folders: a profile does not differ from its own collapsed stacks. */
static void test_labels(void **state)
{
	static const struct frame none = { 0 };
	const struct write_options options = { 0 };
	struct profile *placed = profile_create(false), *bare;
	struct frame stack[2] = { none, none };
	struct profile_diff diff;
	struct error err = { 0 };
	char *text;

	(void)state;
	stack[0] = (struct frame){ .name = intern_add(placed->intern, SPAN_LIT("a")),
		                   .file = intern_add(placed->intern, SPAN_LIT("/x/m.py")),
		                   .first_line = 3,
		                   .kind = FRAME_PYTHON };
	stack[1] = (struct frame){ .name = intern_add(placed->intern, SPAN_LIT("f")),
		                   .module = intern_add(placed->intern, SPAN_LIT("/lib/f.so")) };
	tree_add(placed->tree, stack, 2, 5);
	tree_add(placed->tree, stack, 1, 3);
	profile_sort(placed);
	text = render(placed, "collapsed", &options);
	bare = read_collapsed(text);
	assert_true(profile_diff_init(&diff, placed, bare, &err));
	assert_true(diff.labels);
	assert_int_equal(diff.row_count, 2);
	for (size_t i = 0; i < diff.row_count; i++)
		assert_true(fabs(diff_change(&diff.rows[i].self)) < 1e-9);
	profile_diff_deinit(&diff);
	assert_true(profile_diff_init(&diff, placed, placed, &err));
	assert_false(diff.labels);
	profile_diff_deinit(&diff);
	profile_destroy(placed);
	profile_destroy(bare);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),   cmocka_unit_test(test_faster),
		cmocka_unit_test(test_shares), cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_odd),    cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
