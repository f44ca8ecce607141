/* Patterns with '*'. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "merger/base/wildcard.h"

static const struct {
	const char *text, *pattern;
	bool matches;
} rows[] = {
	{ "", "", true },
	{ "a", "", false },
	{ "", "*", true },
	{ "read", "read", true },
	{ "reader", "read", false },
	{ "reader", "read*", true },
	{ "read", "read*", true },
	{ "a/lib/x", "*/lib/*", true },
	{ "a/lib", "*/lib/*", false },
	{ "abcbd", "a*b*d", true },
	{ "abcb", "a*b*d", false },
	{ "a*c", "a*c", true },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wildcard_match(span_of(rows[i].text), span_of(rows[i].pattern)) !=
		    rows[i].matches)
			fail_msg("'%s' and '%s'", rows[i].text, rows[i].pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
