/* The timeline in a YAML profile: errors, and reading it back, also from deep trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "merger/build/profile_builder.h"
#include "merger/formats/file_writers.h"
#include "merger/transform/time_window.h"
#include "merger/formats/yaml_schema.h"
#include "tests/unit/render.h"

#define HEAD                                                                                       \
	"pmp-profile: 1\nstacks: {total: 3, merged: 3}\nthreads: [{tid: 7, stacks: 3}]\n"          \
	"tree: [{frame: a, kind: native, total: 3, calls: [{frame: b, kind: native, total: 2}]}, " \
	"{frame: c, kind: native, total: 0}]\n"
#define STACKS "timeline:\n  stacks: [0 1 4 merged, 1 2 0, 0 1 4, 3 2 9 merged]\n"

static const struct {
	const char *what;
	const char *text;
	const char *error; /* NULL: it can be read */
} texts[] = {
	{ "all of it",
	  HEAD STACKS
	  "  samples: [5 9 3 1/1, 6 9 failed late 1/4/R, 7 9 0 late 1/4/-/77, 8 9 0 1/0]\n",
	  NULL },
	{ "one thread twice", HEAD STACKS "  samples: [5 9 3 1/1 1.1/1]\n", NULL },
	{ "of a later version too", HEAD STACKS "  samples: []\n  more: 1\n", NULL },
	{ "nothing in it", HEAD "timeline: {}\n", NULL },
	{ "before the tree", "timeline: {samples: [5 9 3 1/1], stacks: [0 1 4 merged]}\n" HEAD,
	  NULL },
	{ "no mapping", HEAD "timeline: 3\n", "t:5: the timeline is not a mapping" },
	{ "a stack that is a list", HEAD "timeline: {stacks: [[0, 1, 2]]}\n",
	  "t:5: a stack of the timeline is not a text" },
	{ "a sample that is a list", HEAD "timeline: {samples: [[0, 1, 2]]}\n",
	  "t:5: a sample of the timeline is not a text" },
	{ "a stack that lacks a word", HEAD "timeline: {stacks: [0 1]}\n",
	  "t:5: a stack of the timeline is not understood: 0 1" },
	{ "a stack with a mark that nobody knows", HEAD "timeline: {stacks: [0 1 2 odd]}\n",
	  "t:5: a stack of the timeline is not understood: 0 1 2 odd" },
	{ "a stack on itself", HEAD "timeline: {stacks: [1 1 2]}\n",
	  "t:5: a stack of the timeline is not understood: 1 1 2" },
	{ "a stack with a sign", HEAD "timeline: {stacks: [0 -1 2]}\n",
	  "t:5: a stack of the timeline is not understood: 0 -1 2" },
	{ "a node that is not there", HEAD "timeline: {stacks: [0 4 2]}\n",
	  "t:5: a stack of the timeline comes twice or is none of the tree's" },
	{ "no node", HEAD "timeline: {stacks: [0 0 2]}\n",
	  "t:5: a stack of the timeline comes twice or is none of the tree's" },
	{ "a node that is called by another one", HEAD "timeline: {stacks: [0 2 2]}\n",
	  "t:5: a stack of the timeline comes twice or is none of the tree's" },
	{ "a node below another one", HEAD "timeline: {stacks: [0 1 2, 1 3 0]}\n",
	  "t:5: a stack of the timeline comes twice or is none of the tree's" },
	{ "a stack twice", HEAD "timeline: {stacks: [0 1 2, 0 1 2]}\n",
	  "t:5: a stack of the timeline comes twice or is none of the tree's" },
	{ "a sample without a pause", HEAD STACKS "  samples: [5 9]\n",
	  "t:7: a sample of the timeline is not understood: 5 9" },
	{ "a thread that is not there", HEAD STACKS "  samples: [5 9 3 2/1]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 2/1" },
	{ "thread 0", HEAD STACKS "  samples: [5 9 3 0/1]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 0/1" },
	{ "a stack that is not there", HEAD STACKS "  samples: [5 9 3 1/5]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 1/5" },
	{ "a stack with which none ends", HEAD STACKS "  samples: [5 9 3 1/2]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 1/2" },
	{ "a state that is none", HEAD STACKS "  samples: [5 9 3 1/1/%]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 1/1/%" },
	{ "a CPU time that no thread has",
	  HEAD STACKS "  samples: [5 9 3 1/1/R/1125899906842625]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 1/1/R/1125899906842625" },
	{ "a rest", HEAD STACKS "  samples: [5 9 3 1/1/R/7/8]\n",
	  "t:7: a sample of the timeline is not understood: 5 9 3 1/1/R/7/8" },
	{ "more stacks than there are", HEAD STACKS "  samples: [1 9 3 1/1, 2 9 3, 3 9 3, 4 9 3]\n",
	  "t:8: the timeline has 4 stacks, more than 'stacks' says" },
	{ "a weight that nobody knows", "weight: bytes\n" HEAD,
	  "t:1: a weight that this pmp does not know" },
};

static void test_texts(void **state)
{
	static const struct write_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		struct profile *profile = yaml_profile_read(span_of(texts[i].text), "t", &err),
		               *again;
		char *first, *second;

		if (texts[i].error) {
			assert_null(profile);
			assert_string_equal(err.text, texts[i].error);
			assert_int_equal(err.code, ERROR_INPUT);
			continue;
		}
		if (!profile)
			fail_msg("%s: %s", texts[i].what, err.text);
		first = render(profile, "yaml", &options);
		again = yaml_profile_read(span_of(first), "t", &err);
		assert_non_null(again);
		second = render(again, "yaml", &options);
		assert_string_equal(first, second);
		free(first);
		free(second);
		profile_destroy(profile);
		profile_destroy(again);
	}
}

#define DEPTH (3 * YAML_PIECE_LEVELS + 7)

/* Stacks that branch at each depth, so that pieces have pieces. */
static struct profile *deep_profile(void)
{
	struct profile_builder *builder =
	        profile_builder_create(&(struct profile_builder_options){ .timeline = true });
	struct buf text = { 0 };
	struct profile *profile;

	for (size_t sample = 0; sample < 40; sample++) {
		buf_printf(&text, "~pmp begin pid=7 time_us=%zu\n", sample * 1000);
		for (size_t i = 0; i < DEPTH; i++)
			buf_printf(&text, "#%zu  0x1 in f%zu () at w.c:%zu\n", i,
			           (DEPTH - i) * 100 < DEPTH * (sample % 9) * 11 ? sample % 4 : 9,
			           sample % 3 + 1);
		buf_printf(&text, "~pmp end pid=7 pause_us=9\n");
	}
	profile_builder_feed(builder, text.ptr, text.len);
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	buf_deinit(&text);
	return profile;
}

static void assert_same(const struct profile *profile, struct span text)
{
	static const char *const formats[] = { "yaml", "trace", "collapsed" };
	static const struct write_options options = { .full_paths = true };
	static const struct time_window window = { .from = { true, false, 5000 },
		                                   .to = { true, false, 31000 } };
	struct error err = { 0 };
	struct profile *again = yaml_profile_read(text, "again", &err);

	if (!again)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *first = render(profile, formats[i], &options);
		char *second = render(again, formats[i], &options);

		assert_string_equal(first, second);
		free(first);
		free(second);
	}
	assert_true(time_window_apply(again, &window, &err));
	assert_int_equal(profile_stacks(again), 26);
	assert_int_equal(tree_node(again->tree, TREE_ROOT)->total, 26);
	profile_destroy(again);
}

static void test_deep(void **state)
{
	static const struct write_options options = { 0 };
	struct profile *profile = deep_profile();
	char *text = render(profile, "yaml", &options);

	(void)state;
	assert_non_null(strstr(text, "piece: 3"));
	assert_same(profile, span_of(text));
	free(text);
	profile_destroy(profile);
}

/* As PyYAML writes it as JSON, with sorted keys: the pieces come before the tree. */
static void test_other_yaml(void **state)
{
	static const char command[] =
	        "/usr/bin/python3 -c 'import yaml,json,sys\n"
	        "d=yaml.load(open(sys.argv[1],encoding=\"utf-8\"),Loader=getattr(yaml,"
	        "\"CSafeLoader\",yaml.SafeLoader))\n"
	        "d[\"continued\"].reverse()\n"
	        "json.dump(d,open(sys.argv[1],\"w\",encoding=\"utf-8\"),sort_keys=True)' ";
	static const struct write_options options = { 0 };
	char path[] = "/tmp/pmp-test-timeline-XXXXXX", line[sizeof(command) + sizeof(path)];
	struct profile *profile;
	struct buf again = { 0 };
	FILE *file;
	int descriptor;

	(void)state;
	if (system("/usr/bin/python3 -c 'import yaml' 2>/dev/null")) {
		print_message("python3 has no yaml here\n");
		skip();
	}
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	file = fdopen(descriptor, "w");
	profile = deep_profile();
	assert_true(yaml_profile_write(profile, &options, file, NULL));
	fclose(file);
	snprintf(line, sizeof(line), "%s%s", command, path);
	assert_int_equal(system(line), 0);
	file = fopen(path, "r");
	again.len = fread(buf_reserve(&again, 1 << 20), 1, 1 << 20, file);
	fclose(file);
	unlink(path);
	assert_same(profile, buf_span(&again));
	buf_deinit(&again);
	profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_other_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
