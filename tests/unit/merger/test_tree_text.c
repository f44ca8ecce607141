#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/text_width.h"
#include "tests/unit/render.h"

#define HEAD " total samples    self samples      call tree\n"
/* The summary of text without sampling data. */
#define FOOT(stacks)                                                                               \
	"\nsamples: not known, as this is no recording of pmp's\nstacks:  " stacks                 \
	"\npauses:  not known\n"

static const struct row {
	const char *what;
	const char *stacks; /* collapsed stacks */
	struct write_options options;
	const char *text;
} rows[] = {
	{ "nothing",
	  "",
	  { 0 },
	  "No stack was got, so there is nothing to show.\n" FOOT("0: 0 merged") },
	{ "a chain does not indent",
	  "m (a.py);f (a.py);g 2\n",
	  { 0 },
	  HEAD "100.0%       2                  py  m (a.py)\n"
	       "100.0%       2                  py  f (a.py)\n"
	       "100.0%       2  100.0%       2  c   g\n" FOOT("2: 2 merged") },
	{ "branches, and chains in them",
	  "m;a;b;c 5\nm;a;b;d 3\nm;e 1\nm 1\n",
	  { 0 },
	  HEAD "100.0%      10   10.0%       1  c   m\n"
	       " 80.0%       8                  c   ├─ a\n"
	       " 80.0%       8                  c   │  b\n"
	       " 50.0%       5   50.0%       5  c   │  ├─ c\n"
	       " 30.0%       3   30.0%       3  c   │  └─ d\n"
	       " 10.0%       1   10.0%       1  c   └─ e\n" FOOT("10: 0 merged, 10 native only") },
	{ "errors in ASCII",
	  "m;a 3\nm;b 1\n",
	  { .ascii = true, .intervals = true },
	  " total        samples    self        samples      call tree\n"
	  "100.0% +-49.0       4                         c   m\n"
	  " 75.0% +-44.9       3   75.0% +-44.9       3  c   |- a\n"
	  " 25.0% +-44.9       1   25.0% +-44.9       1  c   `- b\n" FOOT(
	          "4: 0 merged, 4 native only") "errors:  95 % intervals, from 4 stacks\n"
	                                        "note: too few samples to tell which of a and b "
	                                        "has more self weight (75.0 and 25.0 %): some 3.2 "
	                                        "times as many would tell\n" },
	{ "in ASCII",
	  "m;a;b 5\nm;a;c 4\nm;d 1\n",
	  { .ascii = true },
	  HEAD "100.0%      10                  c   m\n"
	       " 90.0%       9                  c   |- a\n"
	       " 50.0%       5   50.0%       5  c   |  |- b\n"
	       " 40.0%       4   40.0%       4  c   |  `- c\n"
	       " 10.0%       1   10.0%       1  c   `- d\n" FOOT("10: 0 merged, 10 native only") },
	{ "several roots",
	  "a;b 2\nc 1\n",
	  { 0 },
	  HEAD " 66.7%       2                  c   ├─ a\n"
	       " 66.7%       2   66.7%       2  c   │  b\n"
	       " 33.3%       1   33.3%       1  c   └─ c\n" FOOT("3: 0 merged, 3 native only") },
	{ "small ones are folded: behind branches, in front of a trunk, alone",
	  "m;a;x 90\nm;a;s 1\nm;a;t 1\nm;b 70\nm;u 2\nm;b;v 1\n",
	  { .min_percent = 5 },
	  HEAD "100.0%     165                  c   m\n"
	       " 55.8%      92                  c   ├─ a\n"
	       "  1.2%       2                      │  ╰─ (2 more, 1.2 %)\n"
	       " 54.5%      90   54.5%      90  c   │  x\n"
	       " 43.0%      71   42.4%      70  c   ├─ b\n"
	       "  0.6%       1                      │  ╰─ (1 more, 0.6 %)\n"
	       "  1.2%       2                      └─ (1 more, 1.2 %)\n" FOOT(
	               "165: 0 merged, 165 native only") },
	{ "labels are cut to the width, never inside a character",
	  "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9 1\n",
	  { .width = 60 },
	  HEAD "100.0%       1  100.0%       1  c   "
	       "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf…\n" FOOT(
	               "1: 0 merged, 1 native only") },
	{ "colour",
	  "f (a.py) 1\n",
	  { .colour = true },
	  "\33[2m"
	  " total samples    self samples      call tree\n\33[0m"
	  "100.0%       1\33[1;31m  100.0%       1\33[0m  \33[36mpy\33[0m  \33[2m\33[0m"
	  "\33[36mf (a.py)\33[0m\33[2m\33[0m\n" FOOT("1: 0 merged, 1 Python only") },
};

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct profile *profile = collapsed_read(span_of(rows[i].stacks), "t", &err);
		char *text;

		assert_non_null(profile);
		text = render(profile, "tree", &rows[i].options);
		if (strcmp(text, rows[i].text))
			fail_msg("%s:\n%s\nnot\n%s", rows[i].what, text, rows[i].text);
		free(text);
		profile_destroy(profile);
	}
}

/* The lines of a node, heaviest first. */
static void test_lines(void **state)
{
	static const struct {
		struct frame frame;
		const char *lines; /* with weight 1 each */
		const char *label;
	} labels[] = {
		{ { .kind = FRAME_PYTHON, .file = 1 }, "A", "f (a.py) :1" },
		{ { .kind = FRAME_PYTHON, .file = 1 }, "ABB", "f (a.py) :2 67%, 1 33%" },
		{ { .kind = FRAME_PYTHON, .file = 1 },
		  "ABCDD",
		  "f (a.py) :4 40%, 1 20%, 2 20%, ..." },
		{ { .kind = FRAME_PYTHON, .file = 1 },
		  "ABBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
		  "f (a.py) :2 97%, ..." },
		{ { .kind = FRAME_PYTHON, .file = 1 }, "", "f (a.py)" },
		{ { .kind = FRAME_PYTHON }, "A", "f" },
		{ { .kind = FRAME_NATIVE, .file = 1 }, "A", "f (a.py) :1" },
		{ { .kind = FRAME_NATIVE, .file = 1, .module = 1 }, "A", "f (a.py) at a.py:1" },
		{ { .kind = FRAME_NATIVE, .module = 1 }, "A", "f (a.py)" },
	};
	static const struct write_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct profile *profile = profile_create(false);
		struct frame frame = labels[i].frame;
		uint32_t file = intern_add(profile->intern, SPAN_LIT("/x/a.py"));
		char *text, *label;

		frame.name = intern_add(profile->intern, SPAN_LIT("f"));
		frame.file = frame.file ? file : 0;
		frame.module = frame.module ? file : 0;
		for (const char *line = labels[i].lines; *line; line++) {
			frame.line = (uint32_t)(*line - 'A' + 1);
			tree_add(profile->tree, &frame, 1, 1);
		}
		if (!*labels[i].lines)
			tree_add(profile->tree, &frame, 1, 1);
		profile_sort(profile);
		text = render(profile, "tree", &options);
		label = strchr(text, '\n') + 37;
		*strchr(label, '\n') = '\0';
		assert_string_equal(label, labels[i].label);
		free(text);
		profile_destroy(profile);
	}
}

/* Nested branches: lines must not become ever wider. */
static void test_deep(void **state)
{
	enum { DEPTH = 2000 };
	static const struct write_options options = { 0 };
	struct profile *profile = profile_create(false);
	struct frame *frames = calloc(DEPTH, sizeof(*frames));
	size_t widest = 0;
	char *text;

	(void)state;
	for (uint32_t i = 0; i < DEPTH; i++) {
		tree_add(profile->tree, frames, i, 1);
		frames[i] = (struct frame){ .first_line = 1, .kind = FRAME_NATIVE };
		tree_add(profile->tree, frames, i + 1, 1);
		frames[i].first_line = 0;
	}
	profile_sort(profile);
	text = render(profile, "tree", &options);
	for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t columns = text_width_of((struct span){ line, strcspn(line, "\n") });

		widest = columns > widest ? columns : widest;
	}
	assert_in_range(widest, 150, 170);
	free(text);
	free(frames);
	profile_destroy(profile);
}

static void test_summary(void **state)
{
	static const struct write_options options = { 0 };
	struct profile *profile = profile_create(false);
	struct frame frame = { .kind = FRAME_NATIVE };
	char *text;

	(void)state;
	profile->sampling = (struct profile_sampling){
		.known = true,
		.asked = 200,
		.taken = 198,
		.late = 3,
		.failed = 2,
		.rate_mhz = 10000,
		.achieved_mhz = 9900,
		.elapsed_ms = 19912,
		.stopped_ppm = 6240,
		.pause = { true, 31000, 612, 1100, 31000 },
	};
	tree_add(profile->tree, &frame, 1, 200);
	profile->marks[QUALITY_MERGED] = 198;
	profile->marks[QUALITY_LOST] = 2;
	profile_thread(profile, 1, 1)->stacks = 200;
	profile_note(profile, intern_add(profile->intern, SPAN_LIT("gdb was replaced")));
	profile_note(profile, intern_add(profile->intern, SPAN_LIT("gdb was replaced")));
	text = render(profile, "tree", &options);
	assert_string_equal(
	        strstr(text, "samples:"),
	        "samples: 200 asked, 198 taken, 3 late, 2 failed; 19.9 s at 9.9 Hz (10 asked)\n"
	        "stacks:  200 of 1 thread: 198 merged, 2 lost\n"
	        "pauses:  first 31.00 ms, median 0.61 ms, p99 1.10 ms, max 31.00 ms; stopped for "
	        "0.62 % of "
	        "the time\nnote: gdb was replaced\n");
	free(text);
	profile_destroy(profile);
}

static void test_columns(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		size_t cut_at_3; /* bytes */
	} texts[] = {
		{ "", 0, 0 },
		{ "abcd", 4, 3 },
		{ "caf\xc3\xa9", 4, 3 },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4, 6 },
		{ "\xe5\x87\xbd\xe6\x95\xb0", 4, 3 },
		{ "e\xcc\x81yz1", 4, 5 },
		{ "\xff\xff\xc3", 3, 3 },
		{ "\xf0\x9f\x90\x8d"
		  "ab",
		  4, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(text_width_of(span_of(texts[i].text)), texts[i].columns);
		assert_int_equal(text_width_cut(span_of(texts[i].text), 3).len, texts[i].cut_at_3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),   cmocka_unit_test(test_lines),
		cmocka_unit_test(test_deep),    cmocka_unit_test(test_summary),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
