#include "merger/base/hash_index.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

#define INDEX_START 64

void index_deinit(struct index *index)
{
	free(index->slots);
	*index = (struct index){ 0 };
}

void index_clear(struct index *index)
{
	if (index->slots)
		memset(index->slots, 0xff, (index->mask + 1) * sizeof(*index->slots));
	index->count = 0;
}

static void index_put(struct index *index, uint32_t hash, uint32_t value)
{
	size_t at = hash;

	while (index->slots[at & index->mask].value != INDEX_NONE)
		at++;
	index->slots[at & index->mask] = (struct index_slot){ hash, value };
}

static void index_grow(struct index *index)
{
	struct index_slot *old = index->slots;
	size_t old_size = old ? index->mask + 1 : 0;
	size_t size = old ? old_size * 2 : INDEX_START;

	index->slots = alloc_zeroed(size, sizeof(*index->slots));
	memset(index->slots, 0xff, size * sizeof(*index->slots));
	index->mask = size - 1;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].value != INDEX_NONE)
			index_put(index, old[i].hash, old[i].value);
	free(old);
}

void index_add(struct index *index, uint32_t hash, uint32_t value)
{
	if (!index->slots || (index->count + 1) * 4 > (index->mask + 1) * 3)
		index_grow(index);
	index_put(index, hash, value);
	index->count++;
}
