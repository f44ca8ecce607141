/* stack_cache: a tree's repeated stacks, with their weights and their leaves' nodes, so that the
 * tree need not be descended for each stack. The key of a stack is all of its frames, with
 * lines. */
#ifndef PMP_STACK_CACHE_H
#define PMP_STACK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/profile/frame_table.h"

struct known_stack {
	uint64_t weight; /* not added to the tree yet */
	uint32_t leaf;
	uint32_t count;
	uint32_t steps[]; /* of frame_table.h, root first */
};

/* {0} is empty. */
struct stack_cache {
	uint64_t *words; /* the known stacks, one after another */
	size_t count, cap;
	struct hash_index stacks;
};

void stack_cache_deinit(struct stack_cache *cache);
/* Removes all stacks. */
void stack_cache_clear(struct stack_cache *cache);

uint32_t stack_cache_hash(const struct frame *frames, size_t count);
/* The known stack, or NULL. Valid until a stack is added. */
struct known_stack *stack_cache_find(const struct stack_cache *cache,
                                     const struct frame_table *table, uint32_t hash,
                                     const struct frame *frames, size_t count);
/* Adds an unknown stack with weight 0. Does nothing if the cache is full (32 MB). */
void stack_cache_add(struct stack_cache *cache, uint32_t hash, const uint32_t *steps, size_t count,
                     uint32_t leaf);

/* Iterates: for (struct known_stack *known = NULL; (known = stack_cache_next(cache, known));) */
struct known_stack *stack_cache_next(const struct stack_cache *cache,
                                     const struct known_stack *known);

#endif
