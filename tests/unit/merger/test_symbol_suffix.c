#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merger/parse/symbol_suffix.h"

static const struct {
	const char *symbol, *name;
	bool part;
} rows[] = {
	{ "f", "f", false },
	{ "f.part.0", "f", true },
	{ "f.part.12", "f", true },
	{ "f.cold", "f", false },
	{ "f.cold.1", "f", true },
	{ "f.isra.0", "f", false },
	{ "f.constprop.0", "f", false },
	{ "f.lto_priv.0", "f", false },
	{ "f.llvm.1234567890123456789", "f", false },
	{ "f.localalias", "f", false },
	{ "f.localalias.3", "f", false },
	{ "f.constprop.0.isra.0", "f", false },
	{ "f.part", "f", true },
	{ "f.isra", "f", false },
	{ "f.isra.0.part", "f", true },
	{ "main.cold", "main", false },
	{ "main.part.0", "main", true },
	{ "f.isra.0.part.1.cold", "f", true },
	{ "f.lto_priv.0.lto_priv.0", "f", false },
	{ "_ZN1a1fEv.part.0", "_ZN1a1fEv", true },
	{ "ns::A<(x)1, &g.cold>::f.part.0", "ns::A<(x)1, &g.cold>::f", true },
	{ "ns::A<&g.h>::f.cold", "ns::A<&g.h>::f", false },
	/* names of other languages, and of nothing */
	{ "main.f.func1", "main.f.func1", false },
	{ "main.f.func1.2", "main.f.func1.2", false },
	{ "main.shelf.cold", "main.shelf.cold", false },
	{ "app.util.cold", "app.util.cold", false },
	{ "app.util.part", "app.util.part", false },
	{ "app.util.part.0.cold", "app.util", true },
	{ "foo.bar", "foo.bar", false },
	{ "f.12", "f.12", false },
	{ "main.part", "main.part", false },
	{ "f.part.", "f.part.", false },
	{ "f.part.x", "f.part.x", false },
	{ "fpart.0", "fpart.0", false },
	{ "operator[]", "operator[]", false },
	{ "operator new[]", "operator new[]", false },
	{ "list.sort", "list.sort", false },
	{ "cold", "cold", false },
	{ ".cold", ".cold", false },
	{ ".part.0", ".part.0", false },
	{ ".0", ".0", false },
	{ "0", "0", false },
	{ "", "", false },
	/* Rust */
	{ "core::ops::function::FnOnce::call_once::h0123456789abcdef",
	  "core::ops::function::FnOnce::call_once", false },
	{ "<impl core::ops::function::FnOnce<()> for app::F>::call_once::h0123456789abcdef",
	  "<impl core::ops::function::FnOnce<()> for app::F>::call_once", false },
	{ "app::run::{{closure}}::h0123456789abcdef.llvm.123", "app::run::{{closure}}", false },
	{ "core..fmt..Formatter::pad::h0123456789abcdef.cold.1", "core..fmt..Formatter::pad",
	  true },
	{ "app::h0123456789abcde", "app::h0123456789abcde", false },
	{ "app::h0123456789abcdefa", "app::h0123456789abcdefa", false },
	{ "app::x0123456789abcdef", "app::x0123456789abcdef", false },
	{ "::h0123456789abcdef", "::h0123456789abcdef", false },
	{ "h0123456789abcdef", "h0123456789abcdef", false },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span name = span_of(rows[i].symbol);
		struct symbol_suffix found = symbol_suffix_cut(&name);
		bool has_hash = strstr(rows[i].symbol, "::h0123456789abcdef") != NULL;

		if (name.len < strlen(rows[i].symbol) && found.hash != has_hash)
			fail_msg("%s: hash %d", rows[i].symbol, found.hash);
		if (found.part != rows[i].part || !span_eq(name, span_of(rows[i].name)))
			fail_msg("%s: %.*s, %d", rows[i].symbol, SPAN_ARG(name), found.part);
	}
}

static void test_clones(void **state)
{
	(void)state;
	assert_true(symbol_suffix_is_part(SPAN_LIT(" [clone .part.0]")));
	assert_true(symbol_suffix_is_part(SPAN_LIT(" [clone .isra.0] [clone .part.1]")));
	assert_true(symbol_suffix_is_part(SPAN_LIT(" [clone .part.1] [clone .cold] ")));
	assert_true(symbol_suffix_is_part(SPAN_LIT(" [clone .cold.3]")));
	assert_true(symbol_suffix_is_part(SPAN_LIT(" [clone .part]")));
	assert_false(symbol_suffix_is_part(SPAN_LIT(" [clone .cold]")));
	assert_false(symbol_suffix_is_part(SPAN_LIT(" [clone .constprop.0]")));
	assert_false(symbol_suffix_is_part(SPAN_LIT(" [clone ")));
	assert_false(symbol_suffix_is_part(SPAN_LIT("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_clones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
