/* Escaping: a row is bytes and their escaped form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/escape.h"

static const struct {
	struct span text;
	const char *escaped; /* NULL: unchanged */
} rows[] = {
	{ SPAN_INIT(""), NULL },
	{ SPAN_INIT("ns::f<int, (x)1>"), NULL },
	{ SPAN_INIT("back\\slash and ~"), NULL },
	{ SPAN_INIT("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x8d"), NULL },
	{ SPAN_INIT("a;b"), "a\\x3bb" },
	{ SPAN_INIT("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f" },
	{ SPAN_INIT("a\0b"), "a\\x00b" },
	{ SPAN_INIT("\x1b[31m"), "\\x1b[31m" },
	/* not UTF-8: alone, cut, overlong, a surrogate, beyond U+10FFFF */
	{ SPAN_INIT("\x80"), "\\x80" },
	{ SPAN_INIT("x\xff"), "x\\xff" },
	{ SPAN_INIT("\xe2\x82"), "\\xe2\\x82" },
	{ SPAN_INIT("\xe2\x82z"), "\\xe2\\x82z" },
	{ SPAN_INIT("\xc0\xaf"), "\\xc0\\xaf" },
	{ SPAN_INIT("\xe0\x80\xaf"), "\\xe0\\x80\\xaf" },
	{ SPAN_INIT("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
	{ SPAN_INIT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80" },
	{ SPAN_INIT("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80" },
	/* C1, LRM, line separator, right-to-left override, isolates; and their neighbours */
	{ SPAN_INIT("\xc2\x85"), "\\xc2\\x85" },
	{ SPAN_INIT("\xc2\xa0"), NULL },
	{ SPAN_INIT("\xe2\x80\x8d"), NULL },
	{ SPAN_INIT("\xe2\x80\x8e"), "\\xe2\\x80\\x8e" },
	{ SPAN_INIT("\xe2\x80\xa8"), "\\xe2\\x80\\xa8" },
	{ SPAN_INIT("\xe2\x80\xae"), "\\xe2\\x80\\xae" },
	{ SPAN_INIT("\xe2\x80\xaf"), NULL },
	{ SPAN_INIT("\xe2\x81\xa6"), "\\xe2\\x81\\xa6" },
	{ SPAN_INIT("\xe2\x81\xaa"), NULL },
};

static void escapes_what_is_unsafe(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span escaped = rows[i].escaped ? span_of(rows[i].escaped) : rows[i].text;

		buf_clear(&out);
		escape_add(&out, rows[i].text);
		if (!span_eq(buf_span(&out), escaped))
			fail_msg("row %zu: %.*s", i, SPAN_ARG(buf_span(&out)));
		assert_int_equal(escape_is_clean(rows[i].text), !rows[i].escaped);
		assert_true(escape_is_clean(escaped));
	}
	buf_deinit(&out);
}

static void masks_what_is_unsafe(void **state)
{
	static const struct {
		const char *text, *escaped;
	} masked[] = {
		{ "", "" },
		{ "a;b: \xe2\x82\xac", "a;b: \xe2\x82\xac" },
		{ "\x1b[m\n\x7f", "?[m??" },
		{ "x\xe2\x80\xaey\xc2\x85", "x???y??" },
		{ "\xff cut \xe2\x82", "? cut ??" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		char text[32];

		strcpy(text, masked[i].text);
		escape_mask(text);
		assert_string_equal(text, masked[i].escaped);
	}
}

/* Texts of all lengths up to the limit and past it, with characters of 1, 3 and (escaped) 4
 * bytes. */
static void cuts_what_is_long(void **state)
{
	static const char *const units[] = { "x", "\xe2\x82\xac", "\x01" };

	(void)state;
	for (size_t u = 0; u < 3; u++) {
		struct buf in = { 0 }, out = { 0 }, again = { 0 };

		while (in.len < ESCAPE_MAX + 10) {
			buf_add(&in, units[u], strlen(units[u]));
			buf_clear(&out);
			buf_clear(&again);
			escape_add(&out, buf_span(&in));
			assert_true(out.len <= ESCAPE_MAX);
			assert_true(escape_is_clean(buf_span(&out)));
			escape_add(&again, buf_span(&out));
			assert_true(span_eq(buf_span(&again), buf_span(&out)));
		}
		assert_true(span_ends(buf_span(&out), SPAN_LIT("...")));
		buf_deinit(&in);
		buf_deinit(&out);
		buf_deinit(&again);
	}
}

static void appends(void **state)
{
	struct buf out = { 0 };

	(void)state;
	escape_add(&out, SPAN_LIT("a;"));
	escape_add(&out, SPAN_LIT("b"));
	assert_true(span_eq(buf_span(&out), SPAN_LIT("a\\x3bb")));
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_is_unsafe),
		cmocka_unit_test(masks_what_is_unsafe),
		cmocka_unit_test(cuts_what_is_long),
		cmocka_unit_test(appends),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
