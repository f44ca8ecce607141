/* pmp's marker lines: a row is a line and the parsed marker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/parse/marker.h"

static const struct {
	const char *line;
	enum marker_verb verb;
	const char *pairs; /* "key:decoded value," for each */
} lines[] = {
	{ "~pmp begin sample=17 pid=4711", MARKER_BEGIN, "sample:17,pid:4711," },
	{ "~pmp run", MARKER_RUN, "" },
	{ "~pmp run ", MARKER_RUN, "" },
	{ "~pmp target arg=a%20b arg= arg=%3D", MARKER_TARGET, "arg:a b,arg:,arg:=," },
	{ "~pmp python version=3.11.2", MARKER_PYTHON, "version:3.11.2," },
	{ "~pmp maps pid=1", MARKER_MAPS, "pid:1," },
	{ "~pmp map pid=1", MARKER_MAP, "pid:1," },
	{ "~pmp module pid=1", MARKER_MODULE, "pid:1," },
	{ "~pmp state code=R", MARKER_STATE, "code:R," },
	{ "~pmp code first_line=13", MARKER_CODE, "first_line:13," },
	{ "~pmp lost tid=3 why=it%27s%0agone", MARKER_LOST, "tid:3,why:it's\ngone," },
	{ "~pmp end x=a=b", MARKER_END, "x:a=b," },
	{ "~pmp late", MARKER_LATE, "" },
	{ "~pmp failed  tid=1   word tid=2 ", MARKER_FAILED, "tid:1,tid:2," },
	{ "~pmp note text=100%25", MARKER_NOTE, "text:100%," },
	{ "~pmp note text=%zz%4", MARKER_NOTE, "text:%zz%4," },
	{ "~pmp stop seconds=1", MARKER_STOP, "seconds:1," },
	{ "~pmp later some=thing", MARKER_UNKNOWN, "some:thing," },
	{ "~pmp ", MARKER_UNKNOWN, "" },
	{ "~pmp begin =x", MARKER_BEGIN, ":x," },
};

static void reads_lines(void **state)
{
	struct buf out = { 0 }, scratch = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct span key, value;
		struct marker marker;
		size_t pos = 0;

		assert_true(marker_parse(span_of(lines[i].line), &marker));
		assert_int_equal(marker.verb, lines[i].verb);
		buf_clear(&out);
		while (marker_next(&marker, &pos, &key, &value)) {
			value = marker_decode(value, &scratch);
			buf_printf(&out, "%.*s:%.*s,", SPAN_ARG(key), SPAN_ARG(value));
		}
		if (!span_eq(buf_span(&out), span_of(lines[i].pairs)))
			fail_msg("%s: %.*s", lines[i].line, SPAN_ARG(buf_span(&out)));
	}
	buf_deinit(&out);
	buf_deinit(&scratch);
}

static void refuses_other_lines(void **state)
{
	static const char *const rows[] = { "", "~pmp", " ~pmp begin", "~pmpbegin", "#0  main ()" };
	struct marker marker;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(marker_parse(span_of(rows[i]), &marker));
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *line;
		uint64_t number;
	} rows[] = {
		{ "~pmp end n=0", 0 },
		{ "~pmp end n=12", 12 },
		{ "~pmp end m=1 n=2 n=3", 2 },
		{ "~pmp end n=0x7fAb", 0x7fab },
		{ "~pmp end n=18446744073709551615", UINT64_MAX },
		{ "~pmp end n=0xffffffffffffffff", UINT64_MAX },
		{ "~pmp end n=18446744073709551616", 99 },
		{ "~pmp end n=0x10000000000000000", 99 },
		{ "~pmp end n=", 99 },
		{ "~pmp end n=0x", 99 },
		{ "~pmp end n=1a", 99 },
		{ "~pmp end n=-1", 99 },
		{ "~pmp end nn=1", 99 },
		{ "~pmp end", 99 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct marker marker;

		assert_true(marker_parse(span_of(rows[i].line), &marker));
		if (marker_number(&marker, "n", 99) != rows[i].number)
			fail_msg("%s", rows[i].line);
	}
}

static void reads_reals(void **state)
{
	static const struct {
		const char *line;
		double real;
	} rows[] = {
		{ "~pmp stop r=19.5", 19.5 }, { "~pmp stop r=-2e1", -20 },
		{ "~pmp stop r=10", 10 },     { "~pmp stop r=", -1 },
		{ "~pmp stop r=nan", -1 },    { "~pmp stop r=1e999", -1 },
		{ "~pmp stop r=1.5x", -1 },   { "~pmp stop r=0x10", -1 },
		{ "~pmp stop", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct marker marker;
		double got;

		assert_true(marker_parse(span_of(rows[i].line), &marker));
		got = marker_real(&marker, "r", -1);
		if (got < rows[i].real || got > rows[i].real)
			fail_msg("%s: %g", rows[i].line, got);
	}
}

static void missing_is_null(void **state)
{
	struct marker marker;

	(void)state;
	assert_true(marker_parse(SPAN_LIT("~pmp end a="), &marker));
	assert_non_null(marker_get(&marker, "a").ptr);
	assert_null(marker_get(&marker, "b").ptr);
}

/* Each byte is decoded as it was encoded, and none ends the value or the line. */
static void writes_what_it_reads(void **state)
{
	struct buf out = { 0 }, decoded = { 0 };
	struct marker marker;
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	marker_open(&out, "note");
	marker_add(&out, "text", (struct span){ bytes, sizeof(bytes) });
	marker_addf(&out, "n", "%d%%", 12);
	marker_addf(&out, "long", "%300s", "x");
	marker_close(&out);
	assert_ptr_equal(memchr(out.ptr, '\n', out.len), out.ptr + out.len - 1);
	assert_true(marker_parse((struct span){ out.ptr, out.len - 1 }, &marker));
	assert_true(span_eq(marker_decode(marker_get(&marker, "text"), &decoded),
	                    (struct span){ bytes, sizeof(bytes) }));
	assert_true(span_eq(marker_decode(marker_get(&marker, "n"), &decoded), SPAN_LIT("12%")));
	assert_int_equal(marker_decode(marker_get(&marker, "long"), &decoded).len, 300);
	buf_deinit(&out);
	buf_deinit(&decoded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines),     cmocka_unit_test(refuses_other_lines),
		cmocka_unit_test(reads_numbers),   cmocka_unit_test(reads_reals),
		cmocka_unit_test(missing_is_null), cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests_name("marker", tests, NULL, NULL);
}
