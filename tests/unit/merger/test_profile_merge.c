/* Sums of profiles: order and grouping make no difference, a sum has the counts of its parts,
 * and concatenated profiles are split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/formats/file_writers.h"
#include "merger/profile/levels.h"
#include "merger/transform/profile_merge.h"
#include "merger/formats/profile_split.h"
#include "tests/unit/render.h"

#define SEEDS 60

/* The sum of two profiles, which are destroyed. through_text: it is written and read again. */
static struct profile *sum(struct profile *a, struct profile *b, unsigned levels, bool through_text)
{
	struct profile_merge merge = { .levels = levels };
	const struct write_options options = { 0 };
	struct error err = { 0 };
	struct profile *ret;

	assert_true(profile_merge_add(&merge, a, "a", &err));
	if (b)
		assert_true(profile_merge_add(&merge, b, "b", &err));
	ret = profile_merge_finish(&merge);
	profile_destroy(a);
	profile_destroy(b);
	if (through_text) {
		char *text = render(ret, "yaml", &options);

		profile_destroy(ret);
		ret = yaml_profile_read(span_of(text), "sum", &err);
		assert_non_null(ret);
		free(text);
	}
	return ret;
}

static char *text_of(struct profile *profile)
{
	const struct write_options options = { 0 };
	char *ret = render(profile, "yaml", &options);

	profile_destroy(profile);
	return ret;
}

static void check_algebra(uint64_t seed, unsigned levels)
{
	char *texts[4] = { 0 };

	for (int i = 0; i < 4; i++) {
		struct profile *a = odd_profile(3 * seed), *b = odd_profile(3 * seed + 1),
		               *c = odd_profile(3 * seed + 2);

		if (i == 0)
			texts[i] = text_of(sum(sum(a, b, levels, false), c, levels, false));
		else if (i == 1)
			texts[i] = text_of(sum(a, sum(c, b, levels, true), levels, false));
		else if (i == 2)
			texts[i] = text_of(sum(sum(c, a, levels, true), b, levels, true));
		else
			texts[i] = text_of(sum(sum(b, c, levels, false), a, levels, true));
	}
	for (int i = 1; i < 4; i++) {
		if (strcmp(texts[0], texts[i]))
			print_message("seed %u, way %d\n", (unsigned)seed, i);
		assert_string_equal(texts[0], texts[i]);
		free(texts[i]);
	}
	free(texts[0]);
}

static void test_algebra(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		check_algebra(seed,
		              seed % 3 ? 0 : LEVEL_BIT(LEVEL_HOST) | LEVEL_BIT(LEVEL_PROCESS));
}

static void test_sum(void **state)
{
	const struct write_options options = { 0 };
	struct profile *both =
	        sum(read_collapsed("a;b 3\na;c 1\n"), read_collapsed("a;b 4\nd 2\n"), 0, false);
	char *text = render(both, "collapsed", &options);

	(void)state;
	assert_string_equal(text, "a;b 7\na;c 1\nd 2\n");
	free(text);
	profile_destroy(both);
}

/* Too large a sum is an error, not a wrapped number. */
static void test_overflow(void **state)
{
	struct profile *a = read_collapsed("a 18446744073709551615\n"),
	               *b = read_collapsed("a 1\n");
	struct profile_merge merge = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_true(profile_merge_add(&merge, a, "a.folded", &err));
	assert_false(profile_merge_add(&merge, b, "b.folded", &err));
	assert_int_equal(err.code, ERROR_INPUT);
	assert_non_null(strstr(err.text, "b.folded"));
	profile_merge_deinit(&merge);
	profile_destroy(a);
	profile_destroy(b);
}

/* The parts do not depend on where the input is cut in two. */
static void test_split(void **state)
{
	static const struct {
		const char *text;
		size_t first; /* 0: there is only one */
	} rows[] = {
		{ "pmp-profile: 1\na: 1\npmp-profile: 1\n", 20 },
		{ "---\npmp-profile: 1\n---\npmp-profile: 1\n", 19 },
		{ "{\n \"pmp-profile\": 1\n}\n{\n \"pmp-profile\": 1\n}\n", 22 },
		{ "{\n\"pmp-profile\": 1,\n\"threads\":[\n{\"tid\":1},\n{\"tid\":2}]\n}\n", 0 },
		{ "{\n\"threads\":[\n{\"tid\":1}]\n}\n{\n\"threads\":[]\n}\n", 27 },
		{ "{\r\n\"a\":1\r\n}\r\n{\r\n\"a\":1\r\n}\r\n", 13 },
		{ "{\"pmp-profile\":1}\n{\"pmp-profile\":1}\n", 18 },
		{ "\xef\xbb\xbf\r\npmp-profile: 1\r\npmp-profile: 1\r\n", 21 },
		{ "\n{\n\"a\": 1\n}\n{\n\"a\": 1\n}\n", 12 },
		{ "a: 1\npmp-profile: 1\n", 0 },
		{ "a;b 1\nc 2\n", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span all = span_of(rows[i].text);
		size_t seen = 0, found = 0;

		for (size_t len = 0; len <= all.len && !found; len++) {
			found = profile_split((struct span){ all.ptr, len }, &seen);
			if (!found)
				assert_true(seen <= len);
		}
		assert_int_equal(found, rows[i].first);
	}
}

/* Collapsed stacks have no folders. If some profiles are such, all are added by labels, in any
 * order and grouping. */
static void test_labels_algebra(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct profile *a = odd_profile(seed), *b = odd_profile(seed + 1);
		struct profile *c = odd_profile(seed), *d = odd_profile(seed + 1);
		char *first = text_of(sum(sum(a, b, 0, true), folded(odd_profile(seed)), 0, false));
		char *second =
		        text_of(sum(sum(folded(odd_profile(seed)), c, 0, true), d, 0, false));

		assert_string_equal(first, second);
		free(first);
		free(second);
	}
}

static struct profile *placed(void)
{
	static const char text[] = "pmp-profile: 1\nstacks: {total: 7, merged: 7, native_only: 0, "
	                           "python_only: 0, partial: 0, "
	                           "unpaired: 0, lost: 0}\ntree:\n- frame: a\n  kind: python\n  "
	                           "file: /x/m.py\n  first_line: 3\n"
	                           "  total: 7\n  self: 2\n  lines: {4: 5, 6: 2}\n  calls:\n  - "
	                           "{frame: f, kind: native, module: "
	                           "/lib/f.so, total: 5, self: 5}\n";
	struct error err = { 0 };
	struct profile *ret = yaml_profile_read(SPAN_LIT(text), "placed", &err);

	assert_non_null(ret);
	return ret;
}

static void test_labels(void **state)
{
	const struct write_options options = { 0 };
	struct profile *both = sum(placed(), folded(placed()), 0, false);
	char *text = render(both, "collapsed", &options);

	(void)state;
	assert_string_equal(text, "a (m.py) 4\na (m.py);f (f.so) 10\n");
	assert_int_equal(both->note_count, 1);
	free(text);
	profile_destroy(both);
	both = sum(placed(), placed(), 0, false);
	assert_int_equal(both->note_count, 0);
	assert_true(tree_frame(both->tree, 1)->file);
	profile_destroy(both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_algebra),        cmocka_unit_test(test_sum),
		cmocka_unit_test(test_labels_algebra), cmocka_unit_test(test_labels),
		cmocka_unit_test(test_overflow),       cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
