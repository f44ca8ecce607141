/* Interned strings: each string has one id, which does not change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/base/escape.h"
#include "merger/base/intern.h"

/* Similar strings: lengths near that of a word, zero bytes. */
static const struct span rows[] = {
	SPAN_INIT(""),         SPAN_INIT("\0"),        SPAN_INIT("\0\0"),
	SPAN_INIT("a"),        SPAN_INIT("a\0"),       SPAN_INIT("1234567"),
	SPAN_INIT("12345678"), SPAN_INIT("123456789"), SPAN_INIT("12345678\0"),
	SPAN_INIT("A"),
};

static void knows_what_it_has(void **state)
{
	struct intern *intern = intern_create();
	const char *first[sizeof(rows) / sizeof(rows[0])];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(intern_add(intern, rows[i]), i);
		first[i] = intern_get(intern, (uint32_t)i).ptr;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span got = intern_get(intern, (uint32_t)i);

		assert_int_equal(intern_add(intern, rows[i]), i);
		assert_true(span_eq(got, rows[i]));
		assert_ptr_equal(got.ptr, first[i]);
		assert_int_equal(got.ptr[got.len], '\0');
	}
	assert_int_equal(intern_count(intern), sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(intern_add(intern, (struct span){ NULL, 0 }), 0);
	intern_destroy(intern);
}

static void grows(void **state)
{
	struct intern *intern = intern_create();
	const char *first = intern_get(intern, intern_add(intern, SPAN_LIT("first"))).ptr;
	struct buf text = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 20000; i++) {
			buf_clear(&text);
			buf_printf(&text, "name %u", i);
			assert_int_equal(intern_add(intern, buf_span(&text)), i + 2);
		}
	buf_reserve(&text, 1 << 20);
	memset(text.ptr, 'x', 1 << 20);
	text.len = 1 << 20; /* more than a chunk */
	assert_int_equal(intern_add(intern, buf_span(&text)), 20002);
	assert_true(span_eq(intern_get(intern, 20002), buf_span(&text)));
	assert_ptr_equal(intern_get(intern, 1).ptr, first);
	buf_deinit(&text);
	intern_destroy(intern);
}

static void cleans(void **state)
{
	struct intern *intern = intern_create();
	uint32_t raw = intern_add(intern, SPAN_LIT("a;b"));
	uint32_t plain = intern_add(intern, SPAN_LIT("plain"));
	uint32_t clean = intern_add_clean(intern, SPAN_LIT("a;b"));

	(void)state;
	assert_true(raw != clean);
	assert_true(span_eq(intern_get(intern, raw), SPAN_LIT("a;b")));
	assert_true(span_eq(intern_get(intern, clean), SPAN_LIT("a\\x3bb")));
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(intern_add_clean(intern, SPAN_LIT("a;b")), clean);
		assert_int_equal(intern_add_clean(intern, SPAN_LIT("a\\x3bb")), clean);
		assert_int_equal(intern_add_clean(intern, SPAN_LIT("plain")), plain);
		assert_int_equal(intern_add_clean(intern, SPAN_LIT("")), 0);
	}
	intern_destroy(intern);
}

static void strange_ids_are_empty(void **state)
{
	struct intern *intern = intern_create();

	(void)state;
	assert_int_equal(intern_get(intern, UINT32_MAX).len, 0);
	intern_destroy(intern);
	intern_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_it_has),
		cmocka_unit_test(grows),
		cmocka_unit_test(cleans),
		cmocka_unit_test(strange_ids_are_empty),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
