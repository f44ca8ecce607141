/* Logical lines: a row is a pasted text and its logical lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/logical_lines.h"

/* A logical line is its kind: . blank, ~ marker, T thread, # frame, P numbered Python frame, F File
 * line, - other text; then ">" if it had a prompt, its number of input lines if not 1, "/" and the
 * spare ones. */
static const struct {
	const char *name;
	const char *text;
	const char *lines;
} rows[] = {
	{ "nothing", "", "" },
	{ "a blank line", "\n", ".|\n" },
	{ "no newline at the end", "#0  f () at a.c:1", "#|#0  f () at a.c:1\n" },
	{ "carriage returns", "#0  f () at a.c:1\r\nx\r\n", "#|#0  f () at a.c:1\n-|x\n" },
	{ "kinds",
	  "Thread 1 (LWP 2):\n#0  f () at a.c:1\n#4 Frame 0x1, for file a, line 1, in f ()\n"
	  "  File \"a\", line 1, in f\n~pmp code first_line=3\ntext\n",
	  "T|Thread 1 (LWP 2):\n#|#0  f () at a.c:1\nP|#4 Frame 0x1, for file a, line 1, in f ()\n"
	  "F|File \"a\", line 1, in f\n~|~pmp code first_line=3\n-|text\n" },
	/* prefixes */
	{ "prompts", "(gdb) bt\n(gdb) #0  f () at a.c:1\n(gdb) \n(rr) bt\ngdb$ bt\n",
	  "->|bt\n#>|#0  f () at a.c:1\n.>|\n->|bt\n->|bt\n" },
	{ "quotes", "> > #0  f () at a.c:1\n>>#1  g () at a.c:1\n>\n| #2  h () at a.c:1\n",
	  "#|#0  f () at a.c:1\n#|#1  g () at a.c:1\n.|\n#|#2  h () at a.c:1\n" },
	{ "comments",
	  "// #0  f () at a.c:1\n# #1  g () at a.c:1\n * #2  h () at a.c:1\n# (gdb) bt\n",
	  "#|#0  f () at a.c:1\n#|#1  g () at a.c:1\n#|#2  h () at a.c:1\n->|bt\n" },
	{ "blanks", "\t    #0  f () at a.c:1\n  Thread 1 (LWP 2):\n",
	  "#|#0  f () at a.c:1\nT|Thread 1 (LWP 2):\n" },
	{ "a log's tag",
	  "[node-13] #0  0x1 in f (a=1,\n[node-13]     b=2) at a.c:1\n[node-14] Thread 2 (LWP "
	  "3):\n",
	  "#2|#0  0x1 in f (a=1, b=2) at a.c:1\nT|Thread 2 (LWP 3):\n" },
	{ "a log's time",
	  "Nov 22 10:25:03 box app[17]: Thread 2 (LWP 3):\nNov 22 10:25:04 box app[17]: #0  f () "
	  "at a.c:1\n"
	  "2026-11-22 10:25:03,123 | #1  g () at a.c:1\n",
	  "T|Thread 2 (LWP 3):\n#|#0  f () at a.c:1\n#|#1  g () at a.c:1\n" },
	{ "no log's prefix",
	  "Run till exit from #0  0x1 in f () at a.c:1\nBreakpoint 1, #0  f () at a.c:1\n"
	  "[Switching to thread 1 (LWP 2)]#0  0x1 in f ()\n",
	  "-|Run till exit from #0  0x1 in f () at a.c:1\n-|Breakpoint 1, #0  f () at a.c:1\n"
	  "T|[Switching to thread 1 (LWP 2)]#0  0x1 in f ()\n" },
	{ "HTML",
	  "<pre>#0  f&lt;int&gt; (s=&quot;a&amp;b&quot;) at a.c:1\n#1  &nope; g () at a.c:1\n",
	  "#|#0  f<int> (s=\"a&b\") at a.c:1\n#|#1  &nope; g () at a.c:1\n" },
	{ "a screen's frame", "#0  f () at a.c:1   \xe2\x94\x82     \xe2\x94\x82\n",
	  "#|#0  f () at a.c:1   \n" },
	{ "nothing but a colour", "\033[m\n", ".|\n" },
	{ "a prefix that two lines share",
	  "ab: Thread 2 (LWP 3):\nab: x\nab:\nab: #0  0x1 in f (a=1,\nab:     b=2) at a.c:1\n",
	  "T|Thread 2 (LWP 3):\n-|x\n.|\n#2|#0  0x1 in f (a=1, b=2) at a.c:1\n" },
	{ "a prefix of one line only", "ab: #0  0x1 in f () at a.c:1\nx\n",
	  "-|ab: #0  0x1 in f () at a.c:1\n-|x\n" },
	{ "two prefixes, one after the other",
	  "ab: #0  0x1 in f ()\ncd: #0  0x1 in f ()\ncd: #1  0x2 in g ()\nab: #1  0x2 in g ()\n",
	  "#|#0  0x1 in f ()\n#|#0  0x1 in f ()\n#|#1  0x2 in g ()\n#|#1  0x2 in g ()\n" },
	{ "a frame without a prefix ends the search",
	  "ab: #0  0x1 in f ()\n#0  0x1 in f ()\nab: #1  0x2 in g ()\n",
	  "-|ab: #0  0x1 in f ()\n#|#0  0x1 in f ()\n-|ab: #1  0x2 in g ()\n" },
	{ "a logger's prefix, before the first line only",
	  "ab: Thread 2 (LWP 3):\n#0  0x1 in f ()\n", "T|Thread 2 (LWP 3):\n#|#0  0x1 in f ()\n" },
	{ "issues and jobs share a prefix too",
	  "ab #12 (nightly) at host:80\nab #13 (nightly) at host:80\nab #12 x (y) at z:8\n"
	  "ab #13 x (y) at z:8\n",
	  "-|ab #12 (nightly) at host:80\n-|ab #13 (nightly) at host:80\n-|ab #12 x (y) at z:8\n"
	  "-|ab #13 x (y) at z:8\n" },
	{ "a frame in the value of a variable",
	  "#0  0x1 in f ()\n        s = \"#1  0x2 in g ()\\n#2  0x3 in h ()\"\n#1  0x4 in i ()\n",
	  "#|#0  0x1 in f ()\n-|s = \"#1  0x2 in g ()\\n#2  0x3 in h ()\"\n#|#1  0x4 in i ()\n" },
	{ "a newline in an argument", "#0  0x1 in f (s=0x1 \"a\\n#1  0x2 in g ()\") at a.c:1\n",
	  "#|#0  0x1 in f (s=0x1 \"a\\n#1  0x2 in g ()\") at a.c:1\n" },
	{ "JSON", "{\"a\": \"#0  0x1 in f ()\\n#1  0x2 in g (s=\\\"x\\\")\"}\n",
	  "#|#0  0x1 in f ()\n#|#1  0x2 in g (s=\"x\")\n" },
	{ "gdb/MI", "~\"#0  0x1 in\"\n~\" f ()\\n#1  0x2 in g ()\\n\"\n^done\n",
	  "#|#0  0x1 in f ()\n#|#1  0x2 in g ()\n-|^done\n" },
	{ "a sample is not pasted",
	  "~pmp begin sample=1\nab: #0  0x1 in f ()\nab: #1  0x2 in g ()\n\"#0  0x1 in f ()\"\n",
	  "~|~pmp begin sample=1\n-|ab: #0  0x1 in f ()\n-|ab: #1  0x2 in g ()\n"
	  "-|\"#0  0x1 in f ()\"\n" },
	/* wrapped lines */
	{ "gdb's own", "#0  f (a=1,\n    b=2)\n    at a.c:1\n#1  0x1 in g ()\n   from a.so\n",
	  "#3|#0  f (a=1, b=2) at a.c:1\n#2|#1  0x1 in g () from a.so\n" },
	{ "mailers'",
	  "#0  0x1 in\nf\n(a=1) at\na.c:1\n\n#1  0x1 in g (a=1,\n\nb=2) from\n\na.so\n#2  h "
	  "(a=1)\natb.c:3\n",
	  "#4|#0  0x1 in f (a=1) at a.c:1\n.|\n#3|#1  0x1 in g (a=1, b=2) from a.so\n"
	  "#2|#2  h (a=1) atb.c:3\n" },
	{ "blank lines behind a frame that could go on", "#0  0x1 in f ()\n\n\nprose\n",
	  "#|#0  0x1 in f ()\n.2|\n-|prose\n" },
	{ "in a name", "#0  0x1 in f<int,\n   long>::g\n    (a=1) at a.c:1\n",
	  "#3|#0  0x1 in f<int, long>::g (a=1) at a.c:1\n" },
	{ "in a string", "#0  f (s=0x1 \"a) at b.c:1\nc\") at a.c:1\n",
	  "#2|#0  f (s=0x1 \"a) at b.c:1 c\") at a.c:1\n" },
	{ "in a path", "#0  f () at ../sysdeps/\n    syscall.S:81\n",
	  "#2|#0  f () at ../sysdeps/syscall.S:81\n" },
	{ "a template's '>' is no quote", "#0  0x1 in f<g<int\n> >::h (a=1) at a.c:1\n",
	  "#2|#0  0x1 in f<g<int > >::h (a=1) at a.c:1\n" },
	{ "a thread's header", "Thread 6 (Thread 0x7f12 (LWP\n18120)):\n",
	  "T2|Thread 6 (Thread 0x7f12 (LWP 18120)):\n" },
	{ "py-bt-full",
	  "#4 Frame 0x1, for file a.py, line 1,\nin f (a=<A(b=1) at\nremote 0x1>)\n    g()\n",
	  "P3|#4 Frame 0x1, for file a.py, line 1, in f (a=<A(b=1) at remote 0x1>)\n-|g()\n" },
	{ "the pager",
	  "#0  f (a=1,\n---Type <return> to continue, or q <return> to quit---\n    b=2) at a.c:1\n"
	  "--Type <RET> for more, q to quit, c to continue without paging--\n#1  g () at a.c:1\n"
	  "---Type <return> to continue, or q <return> to quit---#2  h () at a.c:1\n",
	  "#2|#0  f (a=1, b=2) at a.c:1\n#|#1  g () at a.c:1\n#|#2  h () at a.c:1\n" },
	{ "the pager in a word",
	  "#0  0x1 in ab--Type <RET> for more, q to quit--\ncd () at a.c:1\n#1  0x2 in g ()"
	  "--Type <RET> for more, q to quit--c\n#2  0x3 in h ()\n",
	  "#|#0  0x1 in abcd () at a.c:1\n#|#1  0x2 in g ()\n#|#2  0x3 in h ()\n" },
	/* lines that are not part of the frame before */
	{ "locals",
	  "#0  f () at a.c:1\n        x = 1\n#1  0x1 in g (a=1)\n        y = {1,\n          2}\n",
	  "#|#0  f () at a.c:1\n-|x = 1\n#|#1  0x1 in g (a=1)\n-|y = {1,\n-|2}\n" },
	{ "a frame that was cut off", "#0  f (a=1,\n        x = 1\n#1  g (b=2,\nprose\n",
	  "#|#0  f (a=1,\n-|x = 1\n#2/1|#1  g (b=2,\n" },
	{ "quotes that don't match", "#0  f (s=\"a) at a.c:1\n        x = 1\n#1  g () at a.c:1\n",
	  "#2/1|#0  f (s=\"a) at a.c:1\n#|#1  g () at a.c:1\n" },
	{ "markers are no continuation", "#0  f (a=1,\n~pmp end sample=1\n",
	  "#|#0  f (a=1,\n~|~pmp end sample=1\n" },
};

static void render(void *ctx, const struct logical_line *line)
{
	struct buf *out = ctx;

	buf_printf(out, "%c%s", ".~T#PF-"[line->kind], line -> prompt ? ">" : "");
	if (line->count > 1)
		buf_printf(out, "%zu", line->count);
	if (line->spare)
		buf_printf(out, "/%zu", line->spare);
	buf_printf(out, "|%.*s\n", SPAN_ARG(line->text));
}

/* Feeds the text in pieces of `step` bytes, each in a block that is freed afterwards. */
static void feed(const char *text, size_t step, size_t max, struct buf *out)
{
	struct logical_lines *lines = logical_lines_create(render, out);
	size_t left = strlen(text);

	buf_clear(out);
	for (; left > 0; text += step, left -= step) {
		struct buf piece = { 0 };

		if (step > left)
			step = left;
		buf_add(&piece, text, step);
		logical_lines_feed(lines, piece.ptr, piece.len, max);
		buf_deinit(&piece);
	}
	logical_lines_finish(lines, max);
	logical_lines_destroy(lines);
}

static void makes_lines(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t step = 1; step < 200; step += step < 4 ? 1 : 60) {
			feed(rows[i].text, step, 1 << 20, &out);
			if (!span_eq(buf_span(&out), span_of(rows[i].lines)))
				fail_msg("%s, by %zu: %.*s", rows[i].name, step,
				         SPAN_ARG(buf_span(&out)));
		}
	buf_deinit(&out);
}

static void cuts_long_lines(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t step = 1; step < 30; step++) {
		feed("0123456789abcdef\nshort\n0123456789", step, 10, &out);
		assert_true(
		        span_eq(buf_span(&out), SPAN_LIT("-|0123456789\n-|short\n-|0123456789\n")));
	}
	buf_deinit(&out);
}

static void counts_lines(void **state)
{
	static const struct {
		const char *text;
		uint64_t count;
	} texts[] = {
		{ "", 0 }, { "a", 1 }, { "a\n", 1 }, { "a\n\nb", 3 }, { "#0  f (\na=1)\n", 2 }
	};
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct logical_lines *lines = logical_lines_create(render, &out);

		logical_lines_feed(lines, texts[i].text, strlen(texts[i].text), 100);
		logical_lines_finish(lines, 100);
		assert_int_equal(logical_lines_count(lines), texts[i].count);
		logical_lines_destroy(lines);
	}
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_lines),
		cmocka_unit_test(cuts_long_lines),
		cmocka_unit_test(counts_lines),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
