/* address_map: which file an address belongs to, by process: what "~pmp map" lines say. */
#ifndef PMP_ADDRESS_MAP_H
#define PMP_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_range {
	uint32_t pid;
	uint32_t path; /* intern id */
	uint64_t start, end, offset;
};

/* {0} is empty. */
struct address_map {
	struct address_range *ranges;
	size_t count, cap;
	bool sorted;
};

void address_map_deinit(struct address_map *map);
/* Forgets all ranges of pid. */
void address_map_clear(struct address_map *map, uint32_t pid);
/* A range that is empty is not added. Where ranges overlap, it's not said which one is found. */
void address_map_add(struct address_map *map, const struct address_range *range);
/* NULL if no range of pid holds addr. Valid until the map is changed. */
const struct address_range *address_map_find(struct address_map *map, uint32_t pid, uint64_t addr);

#endif
