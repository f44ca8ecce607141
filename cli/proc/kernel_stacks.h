/* kernel_stacks: samples a target to which no gdb can attach, because a thread of it is in
 * state D (uninterruptible sleep). Threads in that state get their kernel stack from /proc; the
 * other threads are recorded as lost. */
#ifndef PMP_KERNEL_STACKS_H
#define PMP_KERNEL_STACKS_H

#include "merger/base/buf.h"
#include "cli/proc/process.h"

/* Adds a thread's `kernel` marker (merger/parse/marker.h), with the values that /proc lets pmp
 * read. */
void kernel_stacks_thread(uint32_t pid, const struct process_thread *thread, struct buf *ret);

/* Adds the thread's kernel stack to an open marker, as pairs `frame=`; nothing if it is
 * unreadable. */
void kernel_stacks_frames(uint32_t pid, uint32_t tid, struct buf *ret);

/* Adds a whole sample, from `begin` to `end`, without stopping the target. tid: the thread in state
 * D that prevents an attach. */
void kernel_stacks_sample(uint32_t pid, const struct process_threads *threads, uint32_t tid,
                          uint64_t sample, uint64_t time_us, struct buf *ret);

#endif
