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
struct open_files {
	struct descriptor *rows;
	size_t count, cap;
};

void open_files_deinit(struct open_files *files);

/* It is to be told of; once, however often it is wanted. */
void open_files_request(struct open_files *files, uint32_t pid, uint32_t fd);
/* The descriptors that an epoll waits for: up to `max`; 0 of anything else. */
size_t open_files_epoll(uint32_t pid, uint32_t fd, uint32_t *ret, size_t max);
/* Appends a marker for each. The other ends are looked for in all processes that can be read, for OPEN_FILES_SCAN_MS at most. */
#define OPEN_FILES_SCAN_MS 300
void open_files_add(struct open_files *files, struct buf *ret);

#endif
