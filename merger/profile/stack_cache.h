/* stack_cache: stacks that come again, with their weights and their leaves' nodes, so that a tree need not be
 * walked down for each. A stack is known by its frames, all of them compared, lines too. */
#ifndef PMP_STACK_CACHE_H
#define PMP_STACK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/profile/frame.h"
#include "merger/base/hash_index.h"

struct known_stack {
	uint64_t weight; /* that the tree does not have yet */
	uint32_t leaf;
	uint32_t count;
	uint32_t frames[]; /* root first; for stack_cache_frame */
};

/* {0} is an empty one. */
struct stack_cache {
	uint64_t *words; /* known stacks one behind the other */
	size_t count, cap;
	struct frame *frames; /* each once */
	size_t frame_count, frame_cap;
	struct hash_index stacks, frame_index;
};

void stack_cache_deinit(struct stack_cache *memo);
/* Forgets all. */
void stack_cache_clear(struct stack_cache *memo);

uint32_t stack_cache_hash(const struct frame *frames, size_t count);
/* NULL if it is not known. Valid until one is added. */
struct known_stack *stack_cache_find(const struct stack_cache *memo, uint32_t hash,
                                     const struct frame *frames, size_t count);
/* Adds one that is not known, without weight; does nothing where there are too many already. */
void stack_cache_add(struct stack_cache *memo, uint32_t hash, const struct frame *frames,
                     size_t count, uint32_t leaf);

/* for (struct known_stack *known = NULL; (known = stack_cache_next(memo, known));) */
struct known_stack *stack_cache_next(const struct stack_cache *memo,
                                     const struct known_stack *known);
const struct frame *stack_cache_frame(const struct stack_cache *memo,
                                      const struct known_stack *known, size_t i);

#endif
