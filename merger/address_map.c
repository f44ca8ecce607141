#include "address_map.h"

#include <stdlib.h>

#include "alloc.h"

void address_map_deinit(struct address_map *map)
{
	free(map->ranges);
	*map = (struct address_map){ 0 };
}

void address_map_clear(struct address_map *map, uint32_t pid)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++)
		if (map->ranges[i].pid != pid)
			map->ranges[kept++] = map->ranges[i];
	map->count = kept;
}

void address_map_add(struct address_map *map, const struct address_range *range)
{
	if (range->start >= range->end)
		return;
	map->ranges = alloc_grow(map->ranges, &map->cap, map->count + 1, sizeof(*map->ranges));
	map->ranges[map->count++] = *range;
	map->sorted = false;
}

static int range_compare(const void *a, const void *b)
{
	const struct address_range *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

const struct address_range *address_map_find(struct address_map *map, uint32_t pid, uint64_t addr)
{
	size_t low = 0, high = map->count;

	if (!map->sorted && map->count)
		qsort(map->ranges, map->count, sizeof(*map->ranges), range_compare);
	map->sorted = true;
	/* the last range that begins at or before addr */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct address_range *range = &map->ranges[middle];

		if (range->pid < pid || (range->pid == pid && range->start <= addr))
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	high = low - 1;
	return map->ranges[high].pid == pid && addr < map->ranges[high].end ? &map->ranges[high]
	                                                                    : NULL;
}
