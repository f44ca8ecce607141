#include "merger/profile/function_totals.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/profile/function_table.h"
#include "merger/profile/levels.h"

#define NO_FUNCTION 0u

struct counting {
	const struct tree *tree;
	struct function_table functions;
	struct function_totals_row *rows; /* rows[N - 1] is function N's */
	uint32_t *above; /* how often each function is on the path to the current node */
	size_t row_cap, above_cap;
	uint32_t *path; /* the functions on that path, root first */
	size_t depth, path_cap;
};

static uint32_t get_function(struct counting *counting, uint32_t node)
{
	enum frame_kind kind = tree_frame(counting->tree, node)->kind;
	size_t known = counting->functions.count;
	uint32_t function;

	if (level_of(kind) != LEVEL_COUNT)
		return NO_FUNCTION;
	function = function_table_number(&counting->functions, node);
	if (counting->functions.count == known)
		return function;
	counting->rows =
	        alloc_grow(counting->rows, &counting->row_cap, function, sizeof(*counting->rows));
	counting->above = alloc_grow(counting->above, &counting->above_cap, function,
	                             sizeof(*counting->above));
	counting->rows[function - 1] = (struct function_totals_row){ .number = function };
	counting->above[function - 1] = 0;
	return function;
}

/* Cuts the path to this depth. */
static void cut_counting_path(struct counting *counting, size_t depth)
{
	while (counting->depth > depth) {
		uint32_t function = counting->path[--counting->depth];

		if (function != NO_FUNCTION)
			counting->above[function - 1]--;
	}
}

static void extend_counting_path(struct counting *counting, uint32_t function)
{
	counting->path = alloc_grow(counting->path, &counting->path_cap, counting->depth + 1,
	                            sizeof(*counting->path));
	counting->path[counting->depth++] = function;
}

static void count_node(struct counting *counting, uint32_t node, size_t depth)
{
	uint32_t function = get_function(counting, node);

	cut_counting_path(counting, depth - 1);
	extend_counting_path(counting, function);
	if (function == NO_FUNCTION)
		return;
	counting->rows[function - 1].self += tree_self(counting->tree, node);
	if (!counting->above[function - 1]++)
		counting->rows[function - 1].total += tree_node(counting->tree, node)->total;
}

struct order {
	const struct intern *intern;
	enum function_order by;
};

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct function_totals_row *left = a, *right = b;
	const struct order *order = ctx;
	int self = number_order(right->self, left->self);
	int total = number_order(right->total, left->total);
	int diff = order->by == TOTALS_BY_SELF ? self : total;

	if (!diff)
		diff = order->by == TOTALS_BY_SELF ? total : self;
	if (!diff)
		diff = intern_compare(order->intern, left->frame->name, right->frame->name);
	if (!diff)
		diff = intern_compare(order->intern, left->frame->file, right->frame->file);
	if (!diff)
		diff = intern_compare(order->intern, left->frame->module, right->frame->module);
	if (!diff)
		diff = (left->frame->first_line > right->frame->first_line) -
		       (left->frame->first_line < right->frame->first_line);
	return diff ? diff : (int)left->frame->kind - (int)right->frame->kind;
}

void function_totals_init(struct function_totals *ret, const struct tree *tree,
                          const struct intern *intern, enum function_order by, size_t max)
{
	struct counting counting = { .tree = tree, .functions = { .tree = tree } };
	struct order order = { intern, by };
	size_t depth = 0, count;

	for (uint32_t node = TREE_ROOT; (node = tree_next(tree, node, &depth)) != TREE_NONE;)
		count_node(&counting, node, depth);
	count = counting.functions.count;
	for (size_t i = 0; i < count; i++)
		counting.rows[i].frame = function_table_frame(&counting.functions, (uint32_t)i + 1);
	if (count && by != TOTALS_BY_SEEN)
		qsort_r(counting.rows, count, sizeof(*counting.rows), compare_rows, &order);
	*ret = (struct function_totals){
		.rows = counting.rows,
		.count = max && count > max ? max : count,
		.whole = tree_node(tree, TREE_ROOT)->total,
	};
	function_table_deinit(&counting.functions);
	free(counting.above);
	free(counting.path);
}

void function_totals_deinit(struct function_totals *totals)
{
	free(totals->rows);
	*totals = (struct function_totals){ 0 };
}
