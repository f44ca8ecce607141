#include "merger/profile/stack_cache.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

#define WORDS_MAX (4u << 20) /* 32 MB */

void stack_cache_deinit(struct stack_cache *memo)
{
	free(memo->words);
	free(memo->frames);
	hash_index_deinit(&memo->stacks);
	hash_index_deinit(&memo->frame_index);
	*memo = (struct stack_cache){ 0 };
}

void stack_cache_clear(struct stack_cache *memo)
{
	memo->count = memo->frame_count = 0;
	hash_index_clear(&memo->stacks);
	hash_index_clear(&memo->frame_index);
}

/* One multiplication waits for the frame before, the others for nothing. */
uint32_t stack_cache_hash(const struct frame *frames, size_t count)
{
	uint64_t hash = hash_index_start(count);

	for (size_t i = 0; i < count; i++) {
		uint64_t words[3];

		_Static_assert(sizeof(words) == sizeof(*frames), "a frame is three words");
		memcpy(words, &frames[i], sizeof(words));
		hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u + words[0] * 0xff51afd7ed558ccdu +
		       words[1] * 0xc4ceb9fe1a85ec53u + words[2] * 0xbf58476d1ce4e5b9u;
	}
	return hash_index_hash(hash_index_mix(hash, 0));
}

static bool is_stack(const struct stack_cache *memo, const struct known_stack *known,
                     const struct frame *frames, size_t count)
{
	if (known->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (memcmp(&memo->frames[known->frames[i]], &frames[i], sizeof(*frames)) != 0)
			return false;
	return true;
}

struct known_stack *stack_cache_find(const struct stack_cache *memo, uint32_t hash,
                                     const struct frame *frames, size_t count)
{
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&memo->stacks, hash, &at)) != HASH_INDEX_NONE;) {
		struct known_stack *known = (struct known_stack *)&memo->words[found];

		if (is_stack(memo, known, frames, count))
			return known;
	}
	return NULL;
}

static uint32_t frame_number(struct stack_cache *memo, const struct frame *frame)
{
	uint32_t hash = stack_cache_hash(frame, 1), found;

	for (size_t at = hash;
	     (found = hash_index_next(&memo->frame_index, hash, &at)) != HASH_INDEX_NONE;)
		if (!memcmp(&memo->frames[found], frame, sizeof(*frame)))
			return found;
	memo->frames = alloc_grow(memo->frames, &memo->frame_cap, memo->frame_count + 1,
	                          sizeof(*memo->frames));
	memo->frames[memo->frame_count] = *frame;
	hash_index_add(&memo->frame_index, hash, (uint32_t)memo->frame_count);
	return (uint32_t)memo->frame_count++;
}

static size_t words_of(size_t count)
{
	return (sizeof(struct known_stack) + count * sizeof(uint32_t) + 7) / sizeof(uint64_t);
}

void stack_cache_add(struct stack_cache *memo, uint32_t hash, const struct frame *frames,
                     size_t count, uint32_t leaf)
{
	size_t words = words_of(count);
	struct known_stack *known;

	if (words > WORDS_MAX - memo->count)
		return;
	memo->words =
	        alloc_grow(memo->words, &memo->cap, memo->count + words, sizeof(*memo->words));
	known = (struct known_stack *)&memo->words[memo->count];
	known->weight = 0;
	known->leaf = leaf;
	known->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		known->frames[i] = frame_number(memo, &frames[i]);
	hash_index_add(&memo->stacks, hash, (uint32_t)memo->count);
	memo->count += words;
}

struct known_stack *stack_cache_next(const struct stack_cache *memo,
                                     const struct known_stack *known)
{
	size_t at = 0;

	if (known)
		at = (size_t)((const uint64_t *)known - memo->words) + words_of(known->count);
	return at < memo->count ? (struct known_stack *)&memo->words[at] : NULL;
}

const struct frame *stack_cache_frame(const struct stack_cache *memo,
                                      const struct known_stack *known, size_t i)
{
	return &memo->frames[known->frames[i]];
}
