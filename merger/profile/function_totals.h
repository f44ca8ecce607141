/* function_totals: a tree's functions by weight. A function is what function_table tells apart; processes and threads are none.
 * Recursion counts once in its total. Selfs add up to the tree's total, but for stacks without a frame. */
#ifndef PMP_FUNCTION_TOTALS_H
#define PMP_FUNCTION_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "merger/profile/frame.h"
#include "merger/base/intern.h"
#include "merger/profile/tree.h"

enum function_order {
	TOTALS_BY_SELF,
	TOTALS_BY_TOTAL,
	TOTALS_BY_SEEN, /* by number: row N - 1 is function N */
};

struct function_totals_row {
	const struct frame *frame; /* the tree's; its line means nothing */
	uint32_t number; /* the function's, as function_table counts what tree_next comes to */
	uint64_t self, total;
};

struct function_totals {
	struct function_totals_row *
	        rows; /* the heaviest first, by self or by total, then by the other, then by name */
	size_t count;
	uint64_t whole; /* the tree's total */
};

/* The heaviest rows, `max` at most (0: all). Nothing is to be added to the tree meanwhile, and its totals have to be
 * settled (tree_sum_totals); *ret is good for as long as the tree stays as it is. */
void function_totals_init(struct function_totals *ret, const struct tree *tree,
                          const struct intern *intern, enum function_order order, size_t max);
void function_totals_deinit(struct function_totals *table);

#endif
