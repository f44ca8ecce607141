#include "merger/base/hash_index.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

#define HASH_INDEX_START 64

void hash_index_deinit(struct hash_index *index)
{
	free(index->slots);
	*index = (struct hash_index){ 0 };
}

void hash_index_clear(struct hash_index *index)
{
	if (index->slots)
		memset(index->slots, 0xff, (index->mask + 1) * sizeof(*index->slots));
	index->count = 0;
}

static void put_slot(struct hash_index *index, uint32_t hash, uint32_t value)
{
	size_t at = hash;

	while (index->slots[at & index->mask].value != HASH_INDEX_NONE)
		at++;
	index->slots[at & index->mask] = (struct hash_index_slot){ hash, value };
}

static void grow_slots(struct hash_index *index)
{
	struct hash_index_slot *old = index->slots;
	size_t old_size = old ? index->mask + 1 : 0;
	size_t size = old ? old_size * 2 : HASH_INDEX_START;

	index->slots = alloc_zeroed(size, sizeof(*index->slots));
	memset(index->slots, 0xff, size * sizeof(*index->slots));
	index->mask = size - 1;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].value != HASH_INDEX_NONE)
			put_slot(index, old[i].hash, old[i].value);
	free(old);
}

void hash_index_add(struct hash_index *index, uint32_t hash, uint32_t value)
{
	if (!index->slots || (index->count + 1) * 4 > (index->mask + 1) * 3)
		grow_slots(index);
	put_slot(index, hash, value);
	index->count++;
}
