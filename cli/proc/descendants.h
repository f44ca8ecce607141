/* descendants: the descendants of a process that come and go while it is sampled. */
#ifndef PMP_DESCENDANTS_H
#define PMP_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct descendants {
	uint32_t root;
	struct relative {
		uint32_t pid;
		uint64_t starttime; /* tells a pid used again */
		bool seen_now, seen_twice,
		        reported; /* in the last look; in the one before, too; by descendants_next */
	} * rows;
	size_t count, cap;
};

void descendants_deinit(struct descendants *descendants);
/* Looks who is there. What is over at once is not worth a gdb: one is told once it's there a second time. */
void descendants_rescan(struct descendants *descendants);
/* The next one that has not been told yet. false: there is none. */
bool descendants_next(struct descendants *descendants, uint32_t *ret);

#endif
