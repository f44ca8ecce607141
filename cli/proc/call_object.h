/* call_object: what a system call waits for, beyond its arguments: the mount of a path or of a
 * file and who serves it, the missing end of a FIFO, a System V semaphore or queue. No file is
 * opened or looked up in a way that could wait. */
#ifndef PMP_CALL_OBJECT_H
#define PMP_CALL_OBJECT_H

#include "merger/base/buf.h"
#include "cli/proc/decoded_syscall.h"

struct call_place {
	uint32_t pid;
	uint32_t memory_pid; /* the same; 0: its memory is not read */
	char state;          /* of the thread, as in /proc */
	struct span wchan;   /* may be empty */
};

/* Appends a phrase such as "a FIFO that no process has open for writing" or "on nfs4
 * server:/export at /mnt"; nothing if there is nothing to say. */
void call_object_describe(const struct call_place *place, const struct syscall_info *info,
                          const struct decoded_syscall *decoded, struct buf *ret);

#endif
