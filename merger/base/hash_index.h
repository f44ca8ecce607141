/* hash_index: open addressing from hashes to numbers of things that lie in somebody's array. It keeps no
 * keys: the caller compares what it finds, so one table serves any key. {0} is an empty index.
 *
 *	for (size_t at = hash; (found = hash_index_next(&ix, hash, &at)) != HASH_INDEX_NONE;)
 *		if (things[found] is it)
 *			return found;
 *	hash_index_add(&ix, hash, number);
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
	struct hash_index_slot *slots; /* a power of two of them, at most 3/4 full */
	size_t mask;
	size_t count;
};

void hash_index_deinit(struct hash_index *index);
void hash_index_clear(struct hash_index *index);
/* Adds, without looking whether it is there already. */
void hash_index_add(struct hash_index *index, uint32_t hash, uint32_t value);

/* The next number that was added with this hash; HASH_INDEX_NONE behind the last. *at is hash at first. */
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

/* A hash of several numbers: start with one, mix in the others, end with hash_index_hash. The start
 * multiplies, or pairs of equal numbers (a main thread's pid and tid) would cancel out. */
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
