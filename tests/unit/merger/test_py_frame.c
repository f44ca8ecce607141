/* Python frames: a row is python-gdb's text and the parsed frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/parse/py_frame.h"
#include "merger/parse/raw_stack.h"

struct row {
	const char *text;
	const char *name, *file; /* NULL: the text is no Python frame */
	uint32_t line;
	uint64_t addr;
	uint32_t number;
};

#define NONE RAW_STACK_NO_NUMBER

static const struct row files[] = {
	{ "File \"/srv/a.py\", line 12, in f", "f", "/srv/a.py", 12, 0, NONE },
	{ "File \"<string>\", line 1, in <module>", "<module>", "<string>", 1, 0, NONE },
	{ "File \"a.py\", line 3, in A.f.<locals>.<lambda>", "A.f.<locals>.<lambda>", "a.py", 3, 0,
	  NONE },
	{ "File \"my files, line 2, in x/a.py\", line 3, in f", "f", "my files, line 2, in x/a.py",
	  3, 0, NONE },
	{ "File \"a\"b.py\", line 3, in f", "f", "a\"b.py", 3, 0, NONE },
	{ "File \"a\", line x\", line 3, in f", "f", "a\", line x", 3, 0, NONE },
	{ "File \"\", line 0, in f", "f", "", 0, 0, NONE },
	{ "File \"a.py\", line 99999999999, in f", "f", "a.py", 0, 0, NONE },
	{ "File \"a.py\", line 3, in \xc3\xa9t\xc3\xa9 ", "\xc3\xa9t\xc3\xa9", "a.py", 3, 0, NONE },
	{ "File \"a.py\", line 3, in ", NULL, NULL, 0, 0, 0 },
	{ "File \"a.py\", line 3 in f", NULL, NULL, 0, 0, 0 }, /* faulthandler */
	{ "File \"a.py\", line 3", NULL, NULL, 0, 0, 0 },
	{ "File \"a.py\", line -3, in f", NULL, NULL, 0, 0, 0 },
	{ "File a.py, line 3, in f", NULL, NULL, 0, 0, 0 },
	{ "", NULL, NULL, 0, 0, 0 },
};

static const struct row numbered[] = {
	{ "#4 Frame 0x1b7da60, for file /x/a.py, line 111, in run (self=<A(b=1) at remote 0x1>)",
	  "run", "/x/a.py", 111, 0x1b7da60, 4 },
	{ "#11 Frame 0x7f, for file a.py, line 1, in <module> ()", "<module>", "a.py", 1, 0x7f,
	  11 },
	{ "#0 Frame 0x7f, for file a.py, line 1, in f", "f", "a.py", 1, 0x7f, 0 },
	{ "#99999999999 Frame 0x7f, for file a.py, line 1, in f ()", "f", "a.py", 1, 0x7f, NONE },
	{ "#4 (unable to read python frame information)", NULL, NULL, 0, 0, 0 },
	{ "#4 Frame 0x7f, for file a.py", NULL, NULL, 0, 0, 0 },
	{ "Frame 0x7f, for file a.py, line 1, in f ()", NULL, NULL, 0, 0, 0 },
	{ "#4  0x1 in f ()", NULL, NULL, 0, 0, 0 },
};

static const struct row annotations[] = {
	{ "f=Frame 0x7f1, for file /x.py, line 3, in foo (self=<A at remote 0x1>), throwflag=0",
	  "foo", "/x.py", 3, 0x7f1, NONE },
	{ "f=f@entry=Frame 0x7f1, for file /x.py, line 3, in foo (), throwflag=0", "foo", "/x.py",
	  3, 0x7f1, NONE },
	{ "tstate=0x1, frame=Frame 0x7f1, for file /x.py, line 3, in foo ()", "foo", "/x.py", 3,
	  0x7f1, NONE },
	{ "f=Frame 0x7f1, for file /my, dir/x y.py, line 3, in <listcomp> (", "<listcomp>",
	  "/my, dir/x y.py", 3, 0x7f1, NONE },
	{ "f=Frame 0x7f1, for file /x, line 1, y.py, line 3, in foo (a=1)", "foo",
	  "/x, line 1, y.py", 3, 0x7f1, NONE },
	{ "f=Frame 0x7f1, for file <string>, line 4294967296, in foo ()", "foo", "<string>", 0,
	  0x7f1, NONE },
	/* the first complete one */
	{ "s=\"=Frame 0x1\", f=Frame 0x2, for file b.py, line 2, in g (a=Frame 0x3, for file c.py, "
	  "line "
	  "3, in h ())",
	  "g", "b.py", 2, 2, NONE },
	{ "f=Frame 0x1ffffffffffffffff, for file b.py, line 2, in g ()", "g", "b.py", 2, UINT64_MAX,
	  NONE },
	{ "f=0x7f1, throwflag=0", NULL, NULL, 0, 0, 0 },
	{ "f=<optimized out>", NULL, NULL, 0, 0, 0 },
	{ "f=(frame information optimized out)", NULL, NULL, 0, 0, 0 },
	{ "f=Frame 0x7f1, for file a.py, line 3", NULL, NULL, 0, 0, 0 },
	{ "s=\"Frame 0x1, for file a.py, line 3, in f ()\"", NULL, NULL, 0, 0, 0 },
	{ "", NULL, NULL, 0, 0, 0 },
};

static void check_row(const struct row *row, bool found, const struct py_text *got)
{
	if (found != (row->name != NULL))
		fail_msg("%s: %d", row->text, found);
	if (!found)
		return;
	if (!span_eq(got->name, span_of(row->name)) || !span_eq(got->file, span_of(row->file)) ||
	    got->line != row->line || got->addr != row->addr || got->number != row->number)
		fail_msg("%s: '%.*s' '%.*s' %u %#llx %u", row->text, SPAN_ARG(got->name),
		         SPAN_ARG(got->file), got->line, (unsigned long long)got->addr,
		         got->number);
}

static void reads_py_bt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct span text = span_of(files[i].text);
		struct py_text got;
		bool found = py_frame_parse_file(&text, &got);

		check_row(&files[i], found, &got);
		assert_int_equal(text.len, found ? 0 : strlen(files[i].text));
	}
}

static void reads_py_bt_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		struct span text = span_of(numbered[i].text);
		struct py_text got;
		bool found = py_frame_parse_numbered(&text, &got);

		check_row(&numbered[i], found, &got);
		assert_int_equal(text.len, found ? 0 : strlen(numbered[i].text));
	}
}

static void finds_annotations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(annotations) / sizeof(annotations[0]); i++) {
		struct py_text got;

		check_row(&annotations[i], py_frame_find(span_of(annotations[i].text), &got), &got);
	}
}

static void knows_the_end(void **state)
{
	static const struct {
		const char *text;
		bool complete;
	} rows[] = {
		{ "#4 Frame 0x1, for file a.py, line 1,", false },
		{ "#4 Frame 0x1, for file a.py, line 1, in f", false },
		{ "#4 Frame 0x1, for file a.py, line 1, in f (a=<A(b=1) at", false },
		{ "#4 Frame 0x1, for file a.py, line 1, in f (a=')'", false },
		{ "#4 Frame 0x1, for file a.py, line 1, in f (a='(')", true },
		{ "#4 Frame 0x1, for file a.py, line 1, in <module> ()", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (py_frame_is_complete(span_of(rows[i].text)) != rows[i].complete)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_py_bt),
		cmocka_unit_test(reads_py_bt_full),
		cmocka_unit_test(finds_annotations),
		cmocka_unit_test(knows_the_end),
	};

	return cmocka_run_group_tests_name("py_frame", tests, NULL, NULL);
}
