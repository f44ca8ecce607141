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
	size_t sorted; /* the first so many are in order, the others have come since */
};

void address_map_deinit(struct address_map *map);
/* Forgets all ranges; those of pid. */
void address_map_empty(struct address_map *map);
void address_map_clear(struct address_map *map, uint32_t pid);
/* As many mappings as the kernel lets a process have (vm.max_map_count); no more are kept. */
#define ADDRESS_MAP_MAX 65536

/* A range that is empty is not added. Where ranges overlap, it's not said which one is found. */
void address_map_add(struct address_map *map, const struct address_range *range);
/* NULL if no range of pid holds addr. Valid until the map is changed. */
const struct address_range *address_map_find(struct address_map *map, uint32_t pid, uint64_t addr);

#endif
