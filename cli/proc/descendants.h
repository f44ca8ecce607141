/* descendants: follows the descendants of a process, which start and end while it is sampled. */
#ifndef PMP_DESCENDANTS_H
#define PMP_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct descendants {
	uint32_t root;
	struct relative {
		uint32_t pid;
		uint64_t starttime; /* differs if the pid was reused */
		bool seen_now;      /* in the last scan */
		bool seen_twice;    /* in two scans at least */
		bool reported;      /* by descendants_next */
	} * rows;
	size_t count, cap;
};

void descendants_deinit(struct descendants *descendants);
/* Rescans the descendants. A new one is reported only after two scans have seen it, so that
 * short-lived processes do not cost a gdb start. */
void descendants_rescan(struct descendants *descendants);
/* Reports the next new one, each only once. false: there is none. */
bool descendants_next(struct descendants *descendants, uint32_t *ret);

#endif
