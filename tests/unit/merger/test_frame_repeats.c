/* Recursion in a stack: a row is a stack, one letter a function, and how a report shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/profile/frame_repeats.h"

static void render(const char *letters, struct buf *out)
{
	struct frame rows[64] = { 0 };
	const struct frame *frames[64];
	size_t count = strlen(letters);

	for (size_t i = 0; i < count; i++) {
		rows[i].name = (uint32_t)letters[i];
		rows[i].line = (uint32_t)i;
		frames[i] = &rows[i];
	}
	for (size_t i = 0; i < count;) {
		struct frame_repeats repeats = frame_repeats_find(frames, count, i);

		buf_printf(out, repeats.count > 1 ? "(%.*s)%zu" : "%.*s", (int)repeats.period,
		           letters + i, repeats.count);
		i += repeats.period * repeats.count;
	}
}

static void finds_cycles(void **state)
{
	static const struct {
		const char *letters, *shown;
	} rows[] = {
		{ "", "" },
		{ "a", "a" },
		{ "abc", "abc" },
		{ "aaa", "aaa" },
		{ "aaaa", "(a)4" },
		{ "xaaaaaay", "x(a)6y" },
		{ "abab", "abab" },
		{ "ababab", "(ab)3" },
		{ "abcabc", "(abc)2" },
		{ "xababababy", "x(ab)4y" },
		{ "aabaabaab", "(aab)3" },
		{ "aaaabbbb", "(a)4(b)4" },
		{ "ababa", "ababa" },
		{ "abababa", "(ab)3a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };

		render(rows[i].letters, &out);
		if (!span_eq(buf_span(&out), span_of(rows[i].shown)))
			fail_msg("%s: %.*s", rows[i].letters, SPAN_ARG(out));
		buf_deinit(&out);
	}
}

static void describes(void **state)
{
	struct buf out = { 0 };

	(void)state;
	frame_repeats_describe(&out, (struct frame_repeats){ 1, 42 });
	frame_repeats_describe(&out, (struct frame_repeats){ 3, 2 });
	assert_true(span_eq(buf_span(&out), SPAN_LIT("(the same function 41 more times)"
	                                             "(the same 3 functions once more)")));
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_cycles),
		cmocka_unit_test(describes),
	};

	return cmocka_run_group_tests_name("frame_repeats", tests, NULL, NULL);
}
