/* function_table: numbers the functions of a tree, from 1, in the order of their first occurrence.
 * Frames that differ only in their current line are one function; with by_name, also those that
 * differ in kind and first line. */
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
	bool by_name;    /* the key is name, file and module; otherwise also kind and first line */
	uint32_t *nodes; /* nodes[N - 1]: the first node of function N */
	size_t count, cap;
	struct hash_index index;
};

void function_table_deinit(struct function_table *table);
/* The number of the node's function. If it is new, table->count grows. */
uint32_t function_table_number(struct function_table *table, uint32_t node);
const struct frame *function_table_frame(const struct function_table *table, uint32_t number);

#endif
