/* attachment: our hold on one target: whether a gdb may take it now, and whether it is again as it was since
 * one let go. What it was is known before each attach (attach_check.h), and is seen to after it (restore.h). */
#ifndef PMP_ATTACHMENT_H
#define PMP_ATTACHMENT_H

#include "cli/safety/attach_check.h"
#include "cli/gdb/worker_pool.h"
#include "cli/safety/watchdog.h"
#include "cli/safety/restore.h"

struct custody {
	struct target_threads threads; /* as last seen */
	struct settle settle;
	struct clearance clearance;
	const struct guard *guard; /* borrowed, told of each attach */
	bool unsettled;            /* it was let go, and is not known to be as it was */
	bool own; /* of a program that pmp runs: while somebody has stopped it, it is left alone */
	bool held; /* pmp has stopped it, before its first instruction: whoever outlives pmp continues it */
	uint64_t again_us; /* result: when to ask again */
};

void custody_init(struct custody *custody, uint32_t pid, const struct guard *guard,
                  const struct deadlines *deadlines);
void custody_deinit(struct custody *custody);

/* TARGET_ZOMBIE only when the last thread has ended: the main one may end before the others. */
enum target_life custody_life(struct custody *custody);
/* A worker let go of it; after_death: not in good order. */
void custody_released(struct custody *custody, bool after_death, uint64_t now);
/* A worker let go of it since somebody sent it this signal, which may stop it: so be it. */
void custody_stopped(struct custody *custody, const char *signal, uint64_t now);
/* Sees to it that the target is as it was; ends a worker of the crew's that holds it though it said that it
 * had let go. true: it is as it was. false: ask again at again_us. */
bool custody_settled(struct custody *custody, struct crew *crew, uint64_t now);
/* It's continued now. */
void custody_release(struct custody *custody);
/* Asked right before each attach: as clearance_ask, once the target is settled. */
enum clearance_result custody_ask(struct custody *custody, struct crew *crew, uint64_t now);

#endif
