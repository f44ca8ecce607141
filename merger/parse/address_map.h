/* address_map: finds the file that is mapped at an address of a process, from "~pmp map" lines. */
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
	size_t sorted;   /* number of ranges at the front that are in order */
	uint64_t *bases; /* by path: of address_map_set_base */
	size_t base_cap;
};

void address_map_deinit(struct address_map *map);
/* Removes all ranges. */
void address_map_empty(struct address_map *map);
/* Removes the ranges of pid. */
void address_map_clear(struct address_map *map, uint32_t pid);
/* The kernel's default for the mappings of a process (vm.max_map_count). No more ranges are
 * kept. */
#define ADDRESS_MAP_MAX 65536

/* Adds a range that is not empty. If ranges overlap, address_map_find finds any of them. */
void address_map_add(struct address_map *map, const struct address_range *range);
/* A file's code has addresses that are `base` higher than its offsets in the file: 0x400000 in most
 * programs that are mapped at fixed addresses, 0 in most libraries. */
void address_map_set_base(struct address_map *map, uint32_t path, uint64_t base);
/* The address of addr in the file of its range, as in the file's symbol table. */
uint64_t address_map_place(const struct address_map *map, const struct address_range *range,
                           uint64_t addr);
/* The range of pid that contains addr, or NULL. Valid until the map is changed. */
const struct address_range *address_map_find(struct address_map *map, uint32_t pid, uint64_t addr);

#endif
