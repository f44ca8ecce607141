/* Lines taken off a text: a row is a text and its lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merger/base/span.h"

#define LINES_MAX 4

static const struct {
	struct span text;
	size_t count;
	struct span lines[LINES_MAX];
} rows[] = {
	{ SPAN_INIT(""), 0, { { NULL, 0 } } },
	{ { NULL, 0 }, 0, { { NULL, 0 } } },
	{ SPAN_INIT("\n"), 1, { SPAN_INIT("") } },
	{ SPAN_INIT("a\n"), 1, { SPAN_INIT("a") } },
	{ SPAN_INIT("a"), 1, { SPAN_INIT("a") } },
	{ SPAN_INIT("a\nb"), 2, { SPAN_INIT("a"), SPAN_INIT("b") } },
	{ SPAN_INIT("\n\n"), 2, { SPAN_INIT(""), SPAN_INIT("") } },
	{ SPAN_INIT("a\r\n\nb\0c\n"), 3, { SPAN_INIT("a\r"), SPAN_INIT(""), SPAN_INIT("b\0c") } },
};

static void takes_each_line_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span rest = rows[i].text, line;
		size_t count = 0;

		while (span_take_line(&rest, &line)) {
			assert_true(count < rows[i].count);
			if (!span_eq(line, rows[i].lines[count++]))
				fail_msg("row %zu: '%.*s'", i, SPAN_ARG(line));
		}
		assert_int_equal(count, rows[i].count);
		assert_int_equal(rest.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_line_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
