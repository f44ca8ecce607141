/* file_locks: the processes that hold a lock on a file, from /proc/locks (proc_locks(5)). */
#ifndef PMP_FILE_LOCKS_H
#define PMP_FILE_LOCKS_H

#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* Appends the content of /proc/locks. */
void file_locks_read(struct buf *ret);

/* Adds the pairs holder= and holder_name= to an open `fd` marker. link: the target of
 * /proc/PID/fd/FD. If the kernel names no process that exists, the processes with a descriptor of
 * the lock are searched, for at most FILE_LOCKS_SCAN_MS. Do not call it for a file on a server: it
 * may wait. */
#define FILE_LOCKS_SCAN_MS 300
void file_locks_add_holders(struct span locks, uint32_t pid, uint32_t fd, const char *link,
                            struct buf *ret);

#endif
