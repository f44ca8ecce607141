#include "cli/safety/attach_check.h"

#define AGAIN_US 5000 /* between looks at a thread in state D */

void attach_check_deinit(struct attach_check *attach_check)
{
	uninterruptible_deinit(&attach_check->uninterruptible);
}

enum attach_check_result attach_check_now(struct attach_check *attach_check,
                                          struct restore *restore, struct process_threads *threads,
                                          uint64_t now)
{
	struct process_attach_state look =
	        process_attach_state(restore->pid, restore->starttime, threads);

	if (look.life != PROCESS_ALIVE)
		return ATTACH_CHECK_ENDED;
	switch (uninterruptible_check(&attach_check->uninterruptible, threads,
	                              attach_check->limit_us, now)) {
	case UNINTERRUPTIBLE_BRIEF:
		attach_check->again_us = now + AGAIN_US;
		return ATTACH_CHECK_WAIT;
	case UNINTERRUPTIBLE_STUCK:
		attach_check->tid = attach_check->uninterruptible.tid;
		return ATTACH_CHECK_BLOCKED;
	case UNINTERRUPTIBLE_NONE:
		break;
	}
	if (look.tracer) {
		attach_check->tid = look.tracer;
		return ATTACH_CHECK_TRACED;
	}
	restore->was_stopped = look.stopped;
	return ATTACH_CHECK_GRANTED;
}
