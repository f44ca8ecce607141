/* attachment: our hold on one target: whether a gdb may take it now, and whether it is again as it was since
 * one let go. What it was is known before each attach (attach_check.h), and is seen to after it (restore.h). */
#ifndef PMP_ATTACHMENT_H
#define PMP_ATTACHMENT_H

#include "cli/safety/attach_check.h"
#include "cli/gdb/worker_pool.h"
#include "cli/safety/watchdog.h"
#include "cli/safety/restore.h"

struct attachment {
	struct process_threads threads; /* as last seen */
	struct restore restore;
	struct attach_check attach_check;
	const struct watchdog *watchdog; /* borrowed, told of each attach */
	bool unsettled;                  /* it was let go, and is not known to be as it was */
	bool started_by_pmp; /* of a program that pmp runs: while somebody has stopped it, it is left alone */
	bool held; /* pmp has stopped it, before its first instruction: whoever outlives pmp continues it */
	uint64_t again_us; /* result: when to ask again */
};

void attachment_init(struct attachment *attachment, uint32_t pid, const struct watchdog *watchdog,
                     const struct timeouts *deadlines);
void attachment_deinit(struct attachment *attachment);

/* PROCESS_ZOMBIE only when the last thread has ended: the main one may end before the others. */
enum process_life attachment_life(struct attachment *attachment);
/* A worker let go of it; after_death: not in good order. */
void attachment_detached(struct attachment *attachment, bool after_death, uint64_t now);
/* A worker let go of it since somebody sent it this signal, which may stop it: so be it. */
void attachment_stopped(struct attachment *attachment, const char *signal, uint64_t now);
/* Sees to it that the target is as it was; ends a worker of the crew's that holds it though it said that it
 * had let go. true: it is as it was. false: ask again at again_us. */
bool attachment_restored(struct attachment *attachment, struct worker_pool *pool, uint64_t now);
/* It's continued now. */
void attachment_continue(struct attachment *attachment);
/* Asked right before each attach: as attach_check_now, once the target is settled. */
enum attach_check_result attachment_may_attach(struct attachment *attachment,
                                               struct worker_pool *pool, uint64_t now);

#endif
