/* file_locks: the processes that hold a lock on a file, from /proc/locks (proc_locks(5)). */
#ifndef PMP_FILE_LOCKS_H
#define PMP_FILE_LOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* Appends the content of /proc/locks. */
void file_locks_read(struct buf *ret);

/* Finds the processes that hold a lock on the file of /proc/PID/fd/FD; link: the target of that
 * link. Returns their number, at most max. If the kernel names no process that exists, those with a
 * descriptor of the lock are searched, for at most FILE_LOCKS_SCAN_MS. Do not call it for a file on
 * a server: it may wait. */
#define FILE_LOCKS_SCAN_MS 300
size_t file_locks_find_holders(struct span locks, uint32_t pid, uint32_t fd, const char *link,
                               uint32_t *ret, size_t max);

#endif
