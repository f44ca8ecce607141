#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/base/buf.h"
#include "merger/profile/function_totals.h"

/* A stack is written as "a b@": names, root first. A name with @ at its end is a thread's level. */
static size_t frames_parse(struct intern *intern, const char *text, struct frame *ret)
{
	size_t count = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		bool thread = text[len - 1] == '@';

		ret[count] = (struct frame){
			.name = intern_add(intern, (struct span){ text, len }),
			.line = (uint32_t)count,
			.kind = thread ? FRAME_THREAD : FRAME_PYTHON,
		};
		count++;
		text += len + (text[len] == ' ');
	}
	return count;
}

static const struct row {
	const char *what;
	enum function_order order;
	size_t max;
	const char *stacks[6];
	const char *table; /* name self/total */
} rows[] = {
	{ "nothing", TOTALS_BY_SELF, 0, { NULL }, "of 0:" },
	{ "a stack without frames is nobody's", TOTALS_BY_SELF, 0, { "", "a" }, "of 2: a 1/1" },
	{ "by self, then by total, then by name",
	  TOTALS_BY_SELF,
	  0,
	  { "a c", "a b", "a d", "a d", "a a" },
	  "of 5: d 2/2 a 1/5 b 1/1 c 1/1" },
	{ "by total, then by self",
	  TOTALS_BY_TOTAL,
	  0,
	  { "z c", "z b", "z d", "y x x x" },
	  "of 4: z 0/3 b 1/1 c 1/1 d 1/1 x 1/1 y 0/1" },
	{ "recursion counts once in the total",
	  TOTALS_BY_TOTAL,
	  0,
	  { "a b a b a", "a", "b a b" },
	  "of 3: a 2/3 b 1/2" },
	{ "the same function by two callers",
	  TOTALS_BY_SELF,
	  0,
	  { "a f g", "b f g", "c f" },
	  "of 3: g 2/2 f 1/3 a 0/1 b 0/1 c 0/1" },
	{ "a thread is no function", TOTALS_BY_TOTAL, 0, { "t@ a", "u@ a" }, "of 2: a 2/2" },
	{ "no more than wanted", TOTALS_BY_SELF, 2, { "a", "b b", "b", "c" }, "of 4: b 2/2 a 1/1" },
};

static void table_print(const struct function_totals *table, const struct intern *intern,
                        struct buf *out)
{
	buf_printf(out, "of %u:", (unsigned)table->whole);
	for (size_t i = 0; i < table->count; i++) {
		const struct function_totals_row *row = &table->rows[i];

		buf_printf(out, " %.*s %u/%u", SPAN_ARG(intern_get(intern, row->frame->name)),
		           (unsigned)row->self, (unsigned)row->total);
	}
	buf_add(out, "", 1);
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct intern *intern = intern_create();
		struct tree *tree = tree_create(true);
		struct function_totals table;
		struct frame frames[8];
		struct buf out = { 0 };

		for (size_t n = 0; n < 6 && rows[i].stacks[n]; n++)
			tree_add(tree, frames, frames_parse(intern, rows[i].stacks[n], frames), 1);
		tree_sum_totals(tree);
		function_totals_init(&table, tree, intern, rows[i].order, rows[i].max);
		table_print(&table, intern, &out);
		if (strcmp(out.ptr, rows[i].table))
			fail_msg("%s:\n%s\nnot\n%s", rows[i].what, out.ptr, rows[i].table);
		function_totals_deinit(&table);
		buf_deinit(&out);
		tree_destroy(tree);
		intern_destroy(intern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
