#include "merger/profile/function_table.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void function_table_deinit(struct function_table *table)
{
	free(table->nodes);
	hash_index_deinit(&table->index);
	*table = (struct function_table){ 0 };
}

static bool is_same_table_function(const struct function_table *table, const struct frame *a,
                                   const struct frame *b)
{
	return a->name == b->name && a->file == b->file && a->module == b->module &&
	       (table->by_name || (a->first_line == b->first_line && a->kind == b->kind));
}

const struct frame *function_table_frame(const struct function_table *table, uint32_t number)
{
	return tree_frame(table->tree, table->nodes[number - 1]);
}

uint32_t function_table_number(struct function_table *table, uint32_t node)
{
	const struct frame *frame = tree_frame(table->tree, node);
	uint64_t mixed = hash_index_mix(hash_index_mix(hash_index_start(frame->name), frame->file),
	                                frame->module);
	uint32_t hash =
	        hash_index_hash(table->by_name ? mixed : hash_index_mix(mixed, frame->first_line));
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&table->index, hash, &at)) != HASH_INDEX_NONE;)
		if (is_same_table_function(table, function_table_frame(table, found), frame))
			return found;
	table->nodes =
	        alloc_grow(table->nodes, &table->cap, table->count + 1, sizeof(*table->nodes));
	table->nodes[table->count++] = node;
	hash_index_add(&table->index, hash, (uint32_t)table->count);
	return (uint32_t)table->count;
}
