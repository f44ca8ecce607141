/* attachment: pmp's access to one target, where gdb attaches by itself (worker_pool_is_guarded).
 * Before each attach it asks whether a gdb may attach (attach_check.h) and stores what the target
 * was; after each detach it restores that (restore.h). */
#ifndef PMP_ATTACHMENT_H
#define PMP_ATTACHMENT_H

#include "cli/gdb/worker_pool.h"
#include "cli/safety/attach_check.h"
#include "cli/safety/restore.h"
#include "cli/safety/watchdog.h"

struct attachment {
	struct process_threads threads; /* when last read */
	struct restore restore;
	struct attach_check check;
	const struct watchdog *watchdog; /* borrowed; gets a note before each attach */
	bool unrestored;     /* it was detached from, and is not yet what it was before */
	bool started_by_pmp; /* pmp's child: while a signal has stopped it, no gdb attaches */
	bool held;           /* pmp's child, stopped by pmp before its first instruction: if pmp is
	                      * killed, the watchdog continues it */
	uint64_t again_us;   /* result: when to ask again */
};

/* Sets neither started_by_pmp nor held. */
void attachment_init(struct attachment *attachment, uint32_t pid, const struct watchdog *watchdog,
                     const struct timeouts *timeouts);
void attachment_deinit(struct attachment *attachment);

/* PROCESS_ZOMBIE only when the last thread has ended: the main thread may end first. */
enum process_life attachment_life(struct attachment *attachment);
/* A worker detached from the target, or died; after_death: not in good order. */
void attachment_detached(struct attachment *attachment, bool after_death, uint64_t now);
/* Restores the target. Ends a worker of the pool that still traces it after it has reported a
 * detach. true: the target is what it was. false: call again at again_us. */
bool attachment_restored(struct attachment *attachment, struct worker_pool *pool, uint64_t now);
/* pmp's child is continued now, for the first time. */
void attachment_continue(struct attachment *attachment);
/* May a gdb attach now? Restores the target first. The result is that of attach_check_now;
 * GRANTED: the watchdog has its note. */
enum attach_check_result attachment_may_attach(struct attachment *attachment,
                                               struct worker_pool *pool, uint64_t now);

#endif
