/* open_files: describes the descriptors that threads wait on, and finds the processes that have the
 * other end or hold a lock: as `fd` markers (merger/parse/marker.h). All data is from /proc, except
 * for the other ends of unix sockets, which are from sock_diag(7). */
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
	struct buf mounts; /* mountinfo of the process mounts_pid */
	uint32_t mounts_pid;
};

void open_files_deinit(struct open_files *files);

/* Requests a marker for this descriptor; more requests for the same one change nothing. */
void open_files_request(struct open_files *files, uint32_t pid, uint32_t fd);
/* A thread waits for this requested descriptor alone, and not for whichever is ready first. */
void open_files_wait(struct open_files *files, uint32_t pid, uint32_t fd);
/* Lists the descriptors that an epoll waits for, up to `max`. Returns their number; 0 if fd is no
 * epoll. */
size_t open_files_epoll(uint32_t pid, uint32_t fd, uint32_t *ret, size_t max);
/* The process that a pidfd refers to; 0: fd is no pidfd, or the process has been waited for. */
uint32_t open_files_pidfd(uint32_t pid, uint32_t fd);
/* The process that has /dev/fuse open for the file system with this minor device number; before
 * Linux 6.18 the only one that has it open. 0: unknown. */
uint32_t open_files_fuse_server(uint32_t minor);
/* Appends a marker for each descriptor. Searches the other ends in all readable processes, for at
 * most OPEN_FILES_SCAN_MS. */
#define OPEN_FILES_SCAN_MS 300
void open_files_add(struct open_files *files, struct buf *ret);
/* After open_files_add: for each descriptor that a thread waits for alone, the process with its
 * other end or the lock, if it is the only one besides the descriptor's own. Returns the number. */
size_t open_files_others(const struct open_files *files, uint32_t *ret, size_t max);

#endif
