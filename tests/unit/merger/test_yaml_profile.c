#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/yaml_schema.h"
#include "tests/unit/render.h"

static const struct write_options views[] = {
	{ .min_percent = 1 },
	{ .min_percent = 0, .full_paths = true },
	{ .min_percent = 5, .width = 80, .ascii = true, .colour = true },
};

/* Reads text and asserts that its profile is written like `profile`, in all formats. */
static void assert_same(const struct profile *profile, struct span text)
{
	struct error err = { 0 };
	struct profile *again = format_read(text, "again.yaml", &err);

	if (!again)
		fail_msg("%s\n%.*s", err.text, SPAN_ARG(text));
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		for (size_t f = 0; format_at(f); f++) {
			char *first = render(profile, format_at(f)->name, &views[i]);
			char *second = render(again, format_at(f)->name, &views[i]);

			assert_string_equal(first, second);
			free(first);
			free(second);
		}
	}
	profile_destroy(again);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++) {
		struct profile *profile = odd_profile(seed);
		char *text = render(profile, "yaml", &views[0]);

		assert_same(profile, span_of(text));
		free(text);
		profile_destroy(profile);
	}
}

/* The file as PyYAML, another implementation, writes it as JSON (which is YAML): strings must
 * still be strings, numbers numbers. */
static void test_other_yaml(void **state)
{
	static const char command[] = "/usr/bin/python3 -c 'import yaml,json,sys\n"
	                              "d=yaml.safe_load(open(sys.argv[1],encoding=\"utf-8\"))\n"
	                              "json.dump(d,open(sys.argv[1],\"w\",encoding=\"utf-8\"),sort_"
	                              "keys=True,ensure_ascii=False)' ";
	char path[] = "/tmp/pmp-test-yaml-XXXXXX", line[300];
	int descriptor;

	(void)state;
	if (system("/usr/bin/python3 -c 'import yaml' 2>/dev/null")) {
		print_message("python3 has no yaml here\n");
		skip();
	}
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	close(descriptor);
	snprintf(line, sizeof(line), "%s%s", command, path);
	for (uint64_t seed = 1000; seed < 1008; seed++) {
		struct profile *profile = odd_profile(seed);
		char *text = render(profile, "yaml", &views[0]);
		struct buf again = { 0 };
		FILE *file = fopen(path, "w");

		fputs(text, file);
		fclose(file);
		assert_int_equal(system(line), 0);
		file = fopen(path, "r");
		again.len = fread(buf_reserve(&again, 1 << 20), 1, 1 << 20, file);
		fclose(file);
		assert_same(profile, buf_span(&again));
		buf_deinit(&again);
		free(text);
		profile_destroy(profile);
	}
	unlink(path);
}

#define HEAD "pmp-profile: 1\n"
#define COUNTS(n)                                                                                  \
	"stacks: {total: " #n ", merged: " #n                                                      \
	", native_only: 0, python_only: 0, partial: 0, unpaired: 0, lost: 0}\n"
#define LEAF "{frame: a, kind: native, total: 2, self: 2}"

static const struct {
	const char *what;
	const char *text;
	const char *error; /* NULL: it can be read */
} texts[] = {
	{ "empty tree", HEAD COUNTS(0) "tree: []\n", NULL },
	{ "keys in another order, and unknown ones",
	  "later: {a: [1, {b: 2}]}\n? [complex, key]\n: 1\ntree:\n- self: 2\n  x: {y: z}\n  total: "
	  "2\n  "
	  "kind: native\n  frame: a\n" COUNTS(2) HEAD,
	  NULL },
	{ "self may be missing", HEAD COUNTS(2) "tree: [{frame: a, kind: native, total: 2}]",
	  NULL },
	{ "the same node twice is one", HEAD COUNTS(4) "tree: [" LEAF ", " LEAF "]\n", NULL },
	{ "an anchor that nobody uses", HEAD COUNTS(2) "tree: [&a " LEAF "]\n", NULL },
	{ "no tree", HEAD COUNTS(0), "t:3: no 'tree': not the whole of a profile" },
	{ "no stacks", HEAD "tree: []\n", "t:3: no 'stacks': not the whole of a profile" },
	{ "a later version", "pmp-profile: 3\n",
	  "t:1: a profile of version 3; this pmp reads up to 2, a newer one is needed" },
	{ "a version that is a word", "pmp-profile: new\n",
	  "t:1: 'pmp-profile' is not a whole number: new" },
	{ "an alias", HEAD COUNTS(4) "tree: [&a " LEAF ", *a]\n",
	  "t:3: an alias (*): profiles are written without" },
	{ "self above total",
	  HEAD COUNTS(2) "tree:\n- {frame: a, kind: native, total: 2, self: 3}\n",
	  "t:4: a node's total is 2, but self and the totals of its calls do not add up to that" },
	{ "calls above total",
	  HEAD COUNTS(1) "tree:\n- frame: a\n  kind: native\n  total: 1\n  calls: [" LEAF "]\n",
	  "t:4: a node's total is 1, but self and the totals of its calls do not add up to that" },
	{ "calls below total",
	  HEAD COUNTS(4) "tree:\n- {frame: a, kind: native, total: 4, self: 1, calls: [" LEAF
	                 "]}\n",
	  "t:4: a node's total is 4, but self and the totals of its calls do not add up to that" },
	{ "roots that are not the stacks", HEAD COUNTS(3) "tree: [" LEAF "]\n",
	  "t:4: the tree's roots add up to 2 stacks, but 'stacks' says 3 without 0 left out" },
	{ "marks that are not the total", HEAD "stacks: {total: 3, merged: 2}\n",
	  "t:2: stacks: the total is 3, but merged, lost and so on add up to 2" },
	{ "lines above total",
	  HEAD COUNTS(1) "tree: [{frame: a, kind: python, total: 1, lines: {1: 1, 2: 1}}]\n",
	  "t:3: a node's lines weigh more than its total" },
	{ "totals that overflow",
	  HEAD COUNTS(0) "tree: [{frame: a, kind: native, total: 18446744073709551615},\n" LEAF
	                 "]\n",
	  "t:4: the totals add up to too much" },
	{ "a number that overflows",
	  HEAD COUNTS(0) "tree: [{frame: a, kind: native, total: 18446744073709551616}]\n",
	  "t:3: 'total' is too large: above 18446744073709551615" },
	{ "a negative number", HEAD COUNTS(0) "tree: [{total: -1}]\n",
	  "t:3: 'total' is not a whole number: -1" },
	{ "a number in quotes", HEAD COUNTS(0) "tree: [{total: '1'}]\n",
	  "t:3: 'total' is not a number" },
	{ "a node without a name", HEAD COUNTS(0) "tree: [{kind: native, total: 1}]\n",
	  "t:3: a node without 'frame'" },
	{ "a node without a total", HEAD COUNTS(0) "tree: [{frame: a, kind: native}]\n",
	  "t:3: a node without 'total'" },
	{ "a kind of a later version", HEAD COUNTS(0) "tree: [{kind: gpu}]\n",
	  "t:3: a node of a kind that this pmp does not know: gpu" },
	{ "a key twice", HEAD COUNTS(0) "tree: [{total: 1, total: 1}]\n",
	  "t:3: 'total' comes twice in one node; is the file whole?" },
	{ "calls that are no list", HEAD COUNTS(0) "tree: [{calls: 3}]\n",
	  "t:3: 'calls' is not a list of nodes" },
	{ "a tree that is no list", HEAD COUNTS(0) "tree: 3\n",
	  "t:3: a tree that is not a list of nodes" },
	{ "a node that is no mapping", HEAD COUNTS(0) "tree: [3]\n",
	  "t:3: a node that is not a mapping" },
	{ "a target that is no mapping", HEAD "target: 3\n", "t:2: the target is not a mapping" },
	{ "a pid too large", HEAD "target: {pid: 4294967296}\n",
	  "t:2: 'pid' is too large: above 4294967295" },
	{ "two targets of one pid", HEAD "targets: [{pid: 1}, {pid: 1}]\n",
	  "t:2: two targets with pid 1" },
	{ "a thread of no process, and the target's",
	  HEAD COUNTS(
	          0) "target: {pid: 7}\nthreads: [{pid: 0, tid: 8, stacks: 1}, {tid: 8, stacks: "
	             "1}]\ntree: []\n",
	  NULL },
	{ "a thread with the target's pid and one without",
	  HEAD COUNTS(0) "threads:\n- {pid: 7, tid: 8}\n- {tid: 8}\ntarget: {pid: 7}\ntree: []\n",
	  "t:5: two threads with tid 8" },
	{ "a number that overflows behind its point",
	  HEAD "sampling: {seconds: 18446744073709551.999}\n",
	  "t:2: 'seconds' is not a number that a profile can have" },
	{ "a word in an error, cut inside of a character",
	  HEAD COUNTS(0) "tree: [{kind: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9}]\n",
	  "t:3: a node of a kind that this pmp does not know: "
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?" },
	{ "a word in an error that turns text around",
	  HEAD COUNTS(0) "tree: [{kind: \"\\u202e\\u0085;\"}]\n",
	  "t:3: a node of a kind that this pmp does not know: ?????;" },
	{ "UTF-16", "\xff\xfep\0m\0p\0",
	  "t:1: not YAML: invalid leading UTF-8 octet; is the file whole?" },
	{ "a share that is a word", HEAD "sampling: {stopped_share: much}\n",
	  "t:2: 'stopped_share' is not a number that a profile can have" },
	{ "a piece that nobody continues",
	  HEAD COUNTS(0) "tree: []\ncontinued: [{piece: 1, calls: []}]\n",
	  "t:4: piece 1 continues no node" },
	{ "a piece that is not there",
	  HEAD COUNTS(1) "tree: [{frame: a, kind: native, total: 1, continues: 7}]\n",
	  "t:3: piece 7 is not there; is the file whole?" },
	{ "a piece in itself",
	  HEAD COUNTS(1) "tree: [{frame: a, kind: native, total: 1, continues: 1}]\ncontinued: "
	                 "[{piece: "
	                 "1, calls: [{frame: a, kind: native, total: 1, continues: 1}]}]\n",
	  "t:4: piece 1 is continued twice" },
	{ "a piece twice",
	  HEAD COUNTS(0) "tree: []\ncontinued:\n- {piece: 1, calls: []}\n- {piece: 1, calls: []}\n",
	  "t:6: piece 1 comes twice" },
	{ "cut short", HEAD COUNTS(2) "tree: [{frame: a, kind: native,",
	  "t:4: not YAML: did not find expected node content; is the file whole?" },
	{ "bytes that are not UTF-8", HEAD "host: \xff\n",
	  "t:2: not YAML: invalid leading UTF-8 octet; is the file whole?" },
	{ "two documents", HEAD COUNTS(0) "tree: []\n---\na: 1\n",
	  "t:4: a second document; a file holds one profile" },
	{ "a list in place of a profile", "- pmp-profile: 1\n",
	  "t:1: the profile is not a mapping" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		struct profile *profile = yaml_profile_read(span_of(texts[i].text), "t", &err);

		if (!texts[i].error && !profile)
			fail_msg("%s: %s", texts[i].what, err.text);
		if (texts[i].error && profile)
			fail_msg("%s: was read", texts[i].what);
		if (texts[i].error && strcmp(err.text, texts[i].error))
			fail_msg("%s:\n%s\nnot\n%s", texts[i].what, err.text, texts[i].error);
		if (texts[i].error)
			assert_int_equal(err.code, ERROR_INPUT);
		profile_destroy(profile);
	}
}

/* libyaml needs a minute for a megabyte of these. */
static void test_directives(void **state)
{
	static const char *const breaks[] = { "\n", "\r", "\xc2\x85", "\xe2\x80\xa8" };

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct buf text = { 0 };
		struct error err = { 0 };

		for (size_t n = 0; n < 100000; n++)
			buf_printf(&text, "%s%%TAG !a%zu! b", breaks[i], n);
		assert_null(yaml_profile_read(buf_span(&text), "t", &err));
		assert_string_equal(err.text, "t:1: more than 16 %TAG directives: profiles are "
		                              "written without");
		buf_deinit(&text);
	}
}

static struct profile *deep_profile(size_t depth)
{
	struct profile *profile = profile_create(false);
	struct frame *frames = calloc(depth, sizeof(*frames));

	for (size_t i = 0; i < depth; i++)
		frames[i] = (struct frame){
			.name = intern_add(profile->intern, i % 3 ? SPAN_LIT("f") : SPAN_LIT("g")),
			.kind = FRAME_NATIVE,
		};
	tree_add(profile->tree, frames, depth, 2);
	tree_add(profile->tree, frames, depth / 2 + 1, 1);
	profile->marks[QUALITY_NATIVE_ONLY] = 3;
	profile_sort(profile);
	free(frames);
	return profile;
}

#define CUT_MAX 1200 /* number of bytes at the end that are tried */

/* Cut at every byte: either refused with a line number, or all weights are present. */
static void test_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct profile *profile = seed ? odd_profile(seed) : deep_profile(9);
		char *text = render(profile, "yaml", &views[0]);
		size_t len = strlen(text);

		for (size_t cut = len > CUT_MAX ? len - CUT_MAX : 0; cut < len; cut++) {
			struct error err = { 0 };
			struct profile *part =
			        yaml_profile_read((struct span){ text, cut }, "t", &err);

			if (part)
				assert_int_equal(profile_stacks(part), profile_stacks(profile));
			else if (err.code != ERROR_INPUT || strncmp(err.text, "t:", 2))
				fail_msg("seed %d, cut at %zu: %s", (int)seed, cut, err.text);
			profile_destroy(part);
		}
		free(text);
		profile_destroy(profile);
	}
}

/* The largest indent of a line, in blanks. */
static size_t indent_max(const char *text)
{
	size_t max = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t indent = strspn(text, " ");

		max = indent > max ? indent : max;
	}
	return max;
}

static void test_deep(void **state)
{
	static const size_t depths[] = { YAML_PIECE_LEVELS - 1, YAML_PIECE_LEVELS,
		                         YAML_PIECE_LEVELS + 1, 2 * YAML_PIECE_LEVELS + 1, 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct profile *profile = deep_profile(depths[i]);
		char *text = render(profile, "yaml", &views[0]);

		assert_same(profile, span_of(text));
		/* The nesting limit of other parsers. */
		assert_true(indent_max(text) <= 2 * YAML_PIECE_LEVELS + 2);
		assert_true(!strstr(text, "continued:") == (depths[i] <= YAML_PIECE_LEVELS));
		free(text);
		profile_destroy(profile);
	}
}

/* Other writers may nest deeper than pmp does, up to the limit. */
static void test_nesting(void **state)
{
	static const char *const opens[] = { "[", "{a: ", "- " };

	(void)state;
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct buf text = { 0 };
		struct error err = { 0 };

		buf_printf(&text, "%s", "pmp-profile: 1\nlater:\n  ");
		for (size_t n = 0; n < 100000; n++)
			buf_add_span(&text, span_of(opens[i]));
		assert_null(yaml_profile_read(buf_span(&text), "t", &err));
		assert_string_equal(err.text, "t:3: nested more than 250 deep");
		buf_deinit(&text);
	}
}

static void test_detect(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{ "pmp-profile: 1\n", true },
		{ "# a comment\n---\npmp-profile: 1\n", true },
		{ "\xef\xbb\xbfpmp-profile: 1\n", true },
		{ "{\"notes\": [], \"pmp-profile\": 1}", true },
		{ "", false },
		{ "a;b 12\n", false },
		{ "my-pmp-profile: 1\n", false },
		{ "pmp-profile;main 12\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(yaml_profile_detect(span_of(rows[i].text)), rows[i].is);
}

static void test_write_error(void **state)
{
	struct profile *profile = deep_profile(3000);
	FILE *full = fopen("/dev/full", "w");
	struct error err = { 0 };

	(void)state;
	assert_non_null(full);
	assert_false(yaml_profile_write(profile, &views[0], full, &err));
	assert_int_equal(err.code, ERROR_OUTPUT);
	fclose(full);
	profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_other_yaml),
		cmocka_unit_test(test_texts),      cmocka_unit_test(test_deep),
		cmocka_unit_test(test_cut),        cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_detect),     cmocka_unit_test(test_write_error),
		cmocka_unit_test(test_directives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
