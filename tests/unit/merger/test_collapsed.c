#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/escape.h"
#include "tests/unit/render.h"

static const struct write_options options = { 0 };

static const struct {
	const char *what;
	const char *text;
	const char *again; /* the text written again; NULL: the same text */
	const char *error;
} rows[] = {
	{ "nothing", "", NULL, NULL },
	{ "one stack", "a;b 12\n", NULL, NULL },
	{ "heaviest first", "z 3\na;b 2\na;c 2\n", "a;b 2\na;c 2\nz 3\n", NULL },
	{ "a stack twice is one", "a 1\nb 1\na 1\n", "a 2\nb 1\n", NULL },
	{ "comments, blank lines, CRLF, no last newline", "# x\n\r\na;b 1\r\n  \na 1",
	  "a 1\na;b 1\n", NULL },
	{ "no comment, but a label", "#a;b 1\n", NULL, NULL },
	{ "blanks around labels are theirs", " a ; b  1\n", NULL, NULL },
	{ "blanks in labels", "f (a b.py);operator new 7\n", NULL, NULL },
	{ "two weights, as for a differential graph: the last counts", "a 3 4\n", NULL, NULL },
	{ "weight 0 is no stack", "a 0\nb 1\n", "b 1\n", NULL },
	{ "a tab before the weight", "a;b\t5\n", "a;b 5\n", NULL },
	{ "labels are made safe", "a\x1b[31m;\xff 1\n", "a\\x1b[31m;\\xff 1\n", NULL },
	{ "an empty label has no name", "a;;b 1\n", "a;??;b 1\n", NULL },
	{ "no weight", "a 1\na;b\n", NULL,
	  "t:2: no weight: a line ends in a blank and a whole number" },
	{ "a weight alone", "12\n", NULL, "t:1: no stack in front of the weight" },
	{ "a weight without a blank", "a;b12\n", NULL,
	  "t:1: the weight is not a whole number behind a blank" },
	{ "a fraction", "a 1.5\n", NULL, "t:1: the weight is not a whole number behind a blank" },
	{ "a negative weight", "a -1\n", NULL,
	  "t:1: the weight is not a whole number behind a blank" },
	{ "a weight too large", "a 18446744073709551616\n", NULL, "t:1: the weight is too large" },
	{ "weights too large together", "a 18446744073709551615\n\na 1\n", NULL,
	  "t:3: the weights add up to too much" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct profile *profile = collapsed_read(span_of(rows[i].text), "t", &err);
		char *again;

		if (!profile) {
			assert_string_equal(err.text, rows[i].error ? rows[i].error : "no error");
			assert_int_equal(err.code, ERROR_INPUT);
			continue;
		}
		assert_null(rows[i].error);
		again = render(profile, "collapsed", &options);
		assert_string_equal(again, rows[i].again ? rows[i].again : rows[i].text);
		assert_int_equal(profile_stacks(profile),
		                 tree_node(profile->tree, TREE_ROOT)->total);
		free(again);
		profile_destroy(profile);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *label;
		enum frame_kind kind;
	} labels[] = {
		{ "f (a.rb)", FRAME_RUBY },
		{ "block in f (a.rb:12)", FRAME_RUBY },
		{ "each (<cfunc>)", FRAME_RUBY },
		{ "f (a.py)", FRAME_PYTHON },
		{ "f (a.py:12)", FRAME_PYTHON },
		{ "f (a.pyc)", FRAME_NATIVE },
		{ "f (a.c:12)", FRAME_NATIVE },
		{ "f", FRAME_NATIVE },
		{ "f (:12)", FRAME_NATIVE },
		{ ".py)", FRAME_PYTHON },
		{ ")", FRAME_NATIVE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct error err = { 0 };
		char line[40];
		struct profile *profile;

		snprintf(line, sizeof(line), "%s 1\n", labels[i].label);
		profile = collapsed_read(span_of(line), "t", &err);
		assert_non_null(profile);
		assert_int_equal(tree_frame(profile->tree, 1)->kind, labels[i].kind);
		profile_destroy(profile);
	}
}

/* The collapsed stacks of any profile are the same after reading and writing them again. */
static void test_round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 200; seed++) {
		struct profile *profile = odd_profile(seed);
		char *first = render(profile, "collapsed", &options), *second;
		struct error err = { 0 };
		struct profile *again = collapsed_read(span_of(first), "t", &err);

		if (!again)
			fail_msg("%s\n%s", err.text, first);
		second = render(again, "collapsed", &options);
		assert_string_equal(first, second);
		assert_int_equal(profile_stacks(profile), profile_stacks(again));
		free(first);
		free(second);
		profile_destroy(profile);
		profile_destroy(again);
	}
}

/* Written text is read as the same stacks: no label becomes a comment or is cut. */
static void test_odd_labels(void **state)
{
	static const char long_name[ESCAPE_MAX + 1] = { [0 ... ESCAPE_MAX - 1] = 'n' };
	static const struct {
		const char *name, *file, *written;
	} labels[] = {
		{ "# f", NULL, "\\x23 f 1\n" },    { "#", NULL, "\\x23 1\n" },
		{ "#", "a.c", "\\x23 (a.c) 1\n" }, { "#f", NULL, "#f 1\n" },
		{ long_name, "a.c", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct profile *profile = profile_create(false), *again;
		struct frame frame = { .name = intern_add(profile->intern,
			                                  span_of(labels[i].name)) };
		struct error err = { 0 };
		char *text, *second;

		if (labels[i].file)
			frame.file = intern_add(profile->intern, span_of(labels[i].file));
		tree_add(profile->tree, &frame, 1, 1);
		text = render(profile, "collapsed", &options);
		if (labels[i].written)
			assert_string_equal(text, labels[i].written);
		again = collapsed_read(span_of(text), "t", &err);
		assert_int_equal(profile_stacks(again), 1);
		second = render(again, "collapsed", &options);
		assert_string_equal(second, text);
		free(text);
		free(second);
		profile_destroy(profile);
		profile_destroy(again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_labels),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
