/* hash_index: a hash table without keys: it maps a hash to indices into an array of the caller. The
 * caller compares the elements that it finds, so keys can be of any type. {0} is an empty index.
 *
 *	for (size_t at = hash; (found = hash_index_next(&index, hash, &at)) != HASH_INDEX_NONE;)
 *		if (elements[found] has the key)
 *			return found;
 *	hash_index_add(&index, hash, number);
 */
#ifndef PMP_HASH_INDEX_H
#define PMP_HASH_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define HASH_INDEX_NONE UINT32_MAX

struct hash_index_slot {
	uint32_t hash;
	uint32_t value; /* HASH_INDEX_NONE: free */
};

struct hash_index {
	struct hash_index_slot *slots; /* their number is a power of two; at most 3/4 are used */
	size_t mask;
	size_t count;
};

void hash_index_deinit(struct hash_index *index);
void hash_index_clear(struct hash_index *index);
/* Adds a value without a check whether it is there already. */
void hash_index_add(struct hash_index *index, uint32_t hash, uint32_t value);

/* The next value that was added with this hash; HASH_INDEX_NONE after the last one. The caller sets
 * *at to the hash before the first call. */
static inline uint32_t hash_index_next(const struct hash_index *index, uint32_t hash, size_t *at)
{
	const struct hash_index_slot *slot;

	if (!index->slots)
		return HASH_INDEX_NONE;
	for (;;) {
		slot = &index->slots[*at & index->mask];
		if (slot->value == HASH_INDEX_NONE)
			return HASH_INDEX_NONE;
		++*at;
		if (slot->hash == hash)
			return slot->value;
	}
}

/* A hash of several numbers: start with the first, mix in the others, end with hash_index_hash. The
 * start multiplies: otherwise two equal numbers (a main thread's pid and tid) would cancel out. */
static inline uint64_t hash_index_start(uint64_t word)
{
	return (word + 1) * 0xff51afd7ed558ccdu;
}

static inline uint64_t hash_index_mix(uint64_t seed, uint64_t word)
{
	seed = (seed ^ word) * 0x9e3779b97f4a7c15u;
	return seed ^ (seed >> 32);
}

static inline uint32_t hash_index_hash(uint64_t mixed)
{
	return (uint32_t)(mixed ^ (mixed >> 29));
}

#endif
