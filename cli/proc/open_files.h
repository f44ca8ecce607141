/* open_files: what the descriptors are that threads wait on, and who has the other end or a lock: as `fd` markers
 * (merger/parse/marker.h). Everything is read from /proc, but the other ends of unix sockets, which the kernel tells through
 * sock_diag(7). */
#ifndef PMP_OPEN_FILES_H
#define PMP_OPEN_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"

struct descriptor;

/* {0} at first. */
struct descriptors {
	struct descriptor *rows;
	size_t count, cap;
};

void descriptors_deinit(struct descriptors *descriptors);

/* It is to be told of; once, however often it is wanted. */
void descriptors_want(struct descriptors *descriptors, uint32_t pid, uint32_t fd);
/* The descriptors that an epoll waits for: up to `max`; 0 of anything else. */
size_t descriptor_epoll(uint32_t pid, uint32_t fd, uint32_t *ret, size_t max);
/* Appends a marker for each. The other ends are looked for in all processes that can be read, for DESCRIPTOR_SCAN_MS at most. */
#define DESCRIPTOR_SCAN_MS 300
void descriptors_add(struct descriptors *descriptors, struct buf *ret);

#endif
