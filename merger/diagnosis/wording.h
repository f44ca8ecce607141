/* wording: describes parts of a snapshot in words, for the verdict and the report. All functions
 * append to *out, without a newline. */
#ifndef PMP_WORDING_H
#define PMP_WORDING_H

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

/* "thread 4712 (worker-1)"; with several processes, a main thread is "process 4711 (python3)". */
void wording_thread(struct buf *out, const struct snapshot *snapshot, size_t thread);
/* " in fetch at cache.py:88, through Future.result", or nothing: own_frame.h. */
void wording_place(struct buf *out, const struct snapshot *snapshot,
                   const struct snapshot_thread *thread);
/* The same for a frame, which calls `through` (NULL: nothing that is named). */
void wording_frame(struct buf *out, const struct snapshot *snapshot, const struct frame *frame,
                   const struct frame *through);
/* "mutex mu", "mutex 0x7f.. (recursive)", "the end of thread 4713 (worker-2)", "the GIL". */
void wording_wait(struct buf *out, const struct snapshot *snapshot,
                  const struct snapshot_thread *thread);
/* "fd 7 (pipe; other end: 4715 cat)", as far as known. */
void wording_fd(struct buf *out, const struct snapshot *snapshot, uint32_t pid, uint32_t fd);
/* The activity: "waits for ...", "is blocked in recv(7, ..) on fd 7 (..)", "sleeps, 3.2 s are
 * left", "is on CPU"; then the place. */
void wording_activity(struct buf *out, const struct snapshot *snapshot, size_t thread);
/* "the same 31 frames in 5 looks over 2.0 s; its CPU time grew by 1.98 s: it spins"; nothing
 * after one sample. */
void wording_progress(struct buf *out, const struct snapshot *snapshot,
                      const struct snapshot_thread *thread);

#endif
