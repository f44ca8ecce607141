/* function_totals: a tree's functions by weight. Functions are those of function_table; processes
 * and threads are none. A recursive function counts once in its total. The selfs add up to the
 * tree's total, except for stacks without frames. */
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
	const struct frame *frame; /* the tree's; its line has no meaning */
	uint32_t number;           /* of function_table, with the nodes in the order of tree_next */
	uint64_t self, total;
};

struct function_totals {
	struct function_totals_row *rows; /* heaviest first: self or total, the other one, name */
	size_t count;
	uint64_t whole; /* the tree's total */
};

/* Finds the heaviest rows, `max` at most (0: all). The tree's totals must be complete
 * (tree_sum_totals). *ret is valid until the tree changes. */
void function_totals_init(struct function_totals *ret, const struct tree *tree,
                          const struct intern *intern, enum function_order order, size_t max);
void function_totals_deinit(struct function_totals *totals);

#endif
