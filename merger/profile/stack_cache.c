#include "merger/profile/stack_cache.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

#define WORDS_MAX (4u << 20) /* 32 MB */

void stack_cache_deinit(struct stack_cache *cache)
{
	free(cache->words);
	hash_index_deinit(&cache->stacks);
	*cache = (struct stack_cache){ 0 };
}

void stack_cache_clear(struct stack_cache *cache)
{
	cache->count = 0;
	hash_index_clear(&cache->stacks);
}

/* Only one multiplication per frame depends on the frame before. */
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

static bool is_known_stack(const struct known_stack *known, const struct frame_table *table,
                           const struct frame *frames, size_t count)
{
	if (known->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!frame_table_is_step(table, known->steps[i], &frames[i]))
			return false;
	return true;
}

struct known_stack *stack_cache_find(const struct stack_cache *cache,
                                     const struct frame_table *table, uint32_t hash,
                                     const struct frame *frames, size_t count)
{
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&cache->stacks, hash, &at)) != HASH_INDEX_NONE;) {
		struct known_stack *known = (struct known_stack *)&cache->words[found];

		if (is_known_stack(known, table, frames, count))
			return known;
	}
	return NULL;
}

static size_t count_words(size_t count)
{
	return (sizeof(struct known_stack) + count * sizeof(uint32_t) + 7) / sizeof(uint64_t);
}

void stack_cache_add(struct stack_cache *cache, uint32_t hash, const uint32_t *steps, size_t count,
                     uint32_t leaf)
{
	size_t words = count_words(count);
	struct known_stack *known;

	if (words > WORDS_MAX - cache->count)
		return;
	cache->words =
	        alloc_grow(cache->words, &cache->cap, cache->count + words, sizeof(*cache->words));
	known = (struct known_stack *)&cache->words[cache->count];
	known->weight = 0;
	known->leaf = leaf;
	known->count = (uint32_t)count;
	if (count)
		memcpy(known->steps, steps, count * sizeof(*steps));
	hash_index_add(&cache->stacks, hash, (uint32_t)cache->count);
	cache->count += words;
}

struct known_stack *stack_cache_next(const struct stack_cache *cache,
                                     const struct known_stack *known)
{
	size_t at = 0;

	if (known)
		at = (size_t)((const uint64_t *)known - cache->words) + count_words(known->count);
	return at < cache->count ? (struct known_stack *)&cache->words[at] : NULL;
}
