/* kernel_stacks: a sample of a target to which no debugger can attach, since a thread of it is in state D: what /proc
 * says of the threads in that state, and that the others are lost. */
#ifndef PMP_KERNEL_STACKS_H
#define PMP_KERNEL_STACKS_H

#include "merger/base/buf.h"
#include "cli/proc/process.h"

/* One thread's `kernel` marker (merger/parse/marker.h), as far as its files can be read. */
void kernel_stacks_thread(uint32_t pid, const struct process_thread *thread, struct buf *ret);

/* Adds the pairs `frame=` of the thread's kernel stack to an open marker, as far as that can be read. */
void kernel_stacks_frames(uint32_t pid, uint32_t tid, struct buf *ret);

/* Adds the whole sample, begin to end, without a pause: nothing is stopped. tid: the thread that keeps the
 * debugger away. */
void kernel_stacks_sample(uint32_t pid, const struct process_threads *threads, uint32_t tid,
                          uint64_t sample, uint64_t time_us, struct buf *ret);

#endif
