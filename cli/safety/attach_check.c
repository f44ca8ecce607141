#include "cli/safety/attach_check.h"

#define AGAIN_US 5000 /* between looks at a thread in state D */

void clearance_deinit(struct clearance *clearance)
{
	blockade_deinit(&clearance->blockade);
}

enum clearance_result clearance_ask(struct clearance *clearance, struct settle *settle,
                                    struct target_threads *threads, uint64_t now)
{
	struct target_look look = target_look(settle->pid, settle->starttime, threads);

	if (look.life != TARGET_ALIVE)
		return CLEARANCE_ENDED;
	switch (blockade_look(&clearance->blockade, threads, clearance->limit_us, now)) {
	case BLOCKADE_BRIEF:
		clearance->again_us = now + AGAIN_US;
		return CLEARANCE_WAIT;
	case BLOCKADE_STUCK:
		clearance->tid = clearance->blockade.tid;
		return CLEARANCE_BLOCKED;
	case BLOCKADE_NONE:
		break;
	}
	if (look.tracer) {
		clearance->tid = look.tracer;
		return CLEARANCE_TRACED;
	}
	settle->was_stopped = look.stopped;
	return CLEARANCE_GRANTED;
}
