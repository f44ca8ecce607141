/* thread_load: how much of a CPU a thread used just before the first sample, as it was measured
 * (cli/proc/cpu_window.h). A server that is caught between two requests is not idle. */
#ifndef PMP_THREAD_LOAD_H
#define PMP_THREAD_LOAD_H

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"
#include "merger/diagnosis/verdict.h"

enum thread_load {
	THREAD_LOAD_UNKNOWN, /* not measured */
	THREAD_LOAD_NONE,    /* less than 2 % of a CPU */
	THREAD_LOAD_SOME,
	THREAD_LOAD_BUSY, /* it used a CPU, or waited for one, at least half of the time */
};

enum thread_load thread_load_of(const struct snapshot_thread *thread);
/* Percent of one CPU; 0: none, or not measured. */
unsigned thread_load_percent(const struct snapshot_thread *thread);
/* The process began less than 0.2 s before the facts were read: it has done nothing else yet. */
bool thread_load_is_young(const struct snapshot *snapshot, const struct snapshot_thread *thread);
/* How certain it is that a thread in state R keeps a CPU busy. Certain: it did before, or that was
 * not measured. */
enum verdict_trust thread_load_trust(const struct snapshot *snapshot,
                                     const struct snapshot_thread *thread);
/* Appends "78 % of a CPU in the 0.4 s before the stop"; nothing if it was not measured. */
void thread_load_wording(struct buf *out, const struct snapshot *snapshot,
                         const struct snapshot_thread *thread);
/* The thread with the largest load of those with THREAD_LOAD_BUSY; SNAPSHOT_NONE: there is none.
 * only_main: of the main threads. */
size_t thread_load_busiest(const struct snapshot *snapshot, bool only_main);

#endif
