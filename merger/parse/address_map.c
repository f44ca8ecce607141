#include "merger/parse/address_map.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"

/* Ranges that are added out of order are sorted when there are more than this. A text may add and
 * look up ranges in turns, so that sorting at each look-up would be slow. */
#define UNSORTED_MAX 256

void address_map_deinit(struct address_map *map)
{
	free(map->ranges);
	free(map->bases);
	*map = (struct address_map){ 0 };
}

static int compare_ranges(const void *a, const void *b)
{
	const struct address_range *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

void address_map_empty(struct address_map *map)
{
	map->count = map->sorted = 0;
}

/* The number of sorted ranges that are not after (pid, addr). */
static size_t find_after(const struct address_map *map, uint32_t pid, uint64_t addr)
{
	const struct address_range key = { .pid = pid, .start = addr };
	size_t low = 0, high = map->sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ranges(&map->ranges[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sorts the unsorted ranges only and merges them with the others, from the back. */
static void sort_ranges(struct address_map *map)
{
	size_t left = map->sorted, right = map->count - map->sorted;
	struct address_range *late;

	if (right <= UNSORTED_MAX)
		return;
	late = alloc_copy(&map->ranges[left], right * sizeof(*late));
	qsort(late, right, sizeof(*late), compare_ranges);
	for (size_t to = map->count; right; to--) {
		if (left && compare_ranges(&map->ranges[left - 1], &late[right - 1]) > 0)
			map->ranges[to - 1] = map->ranges[--left];
		else
			map->ranges[to - 1] = late[--right];
	}
	map->sorted = map->count;
	free(late);
}

void address_map_clear(struct address_map *map, uint32_t pid)
{
	size_t first = 0, end = 0, kept;

	sort_ranges(map);
	if (map->sorted) {
		first = pid ? find_after(map, pid - 1, UINT64_MAX) : 0;
		end = find_after(map, pid, UINT64_MAX);
		memmove(&map->ranges[first], &map->ranges[end],
		        (map->sorted - end) * sizeof(*map->ranges));
	}
	kept = map->sorted - (end - first);
	for (size_t i = map->sorted; i < map->count; i++)
		if (map->ranges[i].pid != pid)
			map->ranges[kept++] = map->ranges[i];
	map->sorted -= end - first;
	map->count = kept;
}

void address_map_add(struct address_map *map, const struct address_range *range)
{
	if (range->start >= range->end || map->count == ADDRESS_MAP_MAX)
		return;
	map->ranges = alloc_grow(map->ranges, &map->cap, map->count + 1, sizeof(*map->ranges));
	/* They mostly come in order. */
	map->sorted += map->sorted == map->count &&
	               (!map->count || compare_ranges(&map->ranges[map->count - 1], range) < 0);
	map->ranges[map->count++] = *range;
}

void address_map_set_base(struct address_map *map, uint32_t path, uint64_t base)
{
	size_t cap = map->base_cap;

	if (path >= cap && !base)
		return;
	map->bases = alloc_grow(map->bases, &map->base_cap, (size_t)path + 1, sizeof(*map->bases));
	memset(map->bases + cap, 0, (map->base_cap - cap) * sizeof(*map->bases));
	map->bases[path] = base;
}

uint64_t address_map_place(const struct address_map *map, const struct address_range *range,
                           uint64_t addr)
{
	uint64_t base = range->path < map->base_cap ? map->bases[range->path] : 0;

	return addr - range->start + range->offset + base;
}

static bool is_in_range(const struct address_range *range, uint32_t pid, uint64_t addr)
{
	return range->pid == pid && addr >= range->start && addr < range->end;
}

const struct address_range *address_map_find(struct address_map *map, uint32_t pid, uint64_t addr)
{
	size_t after;

	sort_ranges(map);
	after = find_after(map, pid, addr);
	if (after && is_in_range(&map->ranges[after - 1], pid, addr))
		return &map->ranges[after - 1];
	for (size_t i = map->sorted; i < map->count; i++)
		if (is_in_range(&map->ranges[i], pid, addr))
			return &map->ranges[i];
	return NULL;
}
