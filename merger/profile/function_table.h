/* function_table: numbers for the functions of a tree, 1 and up in the order of their first sight: frames that differ
 * in no more than their current line, and for some in where they begin, are one function. */
#ifndef PMP_FUNCTION_TABLE_H
#define PMP_FUNCTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/profile/tree.h"

/* {.tree = ..} is empty. */
struct function_table {
	const struct tree *tree;
	bool by_name; /* of one file and module: where they begin does not tell them apart, nor what kind they are */
	uint32_t *nodes; /* nodes[N - 1]: the one in which N was seen first */
	size_t count, cap;
	struct hash_index index;
};

void function_table_deinit(struct function_table *table);
/* table->count grows if it is new. */
uint32_t function_table_number(struct function_table *table, uint32_t node);
const struct frame *function_table_frame(const struct function_table *table, uint32_t number);

#endif
