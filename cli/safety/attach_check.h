/* attach_check: may a gdb attach to a target now? Asked right before each attach. */
#ifndef PMP_ATTACH_CHECK_H
#define PMP_ATTACH_CHECK_H

#include "cli/safety/uninterruptible.h"
#include "cli/safety/restore.h"

enum attach_check_result {
	ATTACH_CHECK_GRANTED,
	ATTACH_CHECK_WAIT,    /* ask again at clearance.again_us */
	ATTACH_CHECK_BLOCKED, /* a thread in state D keeps it away, and has for long: clearance.tid */
	ATTACH_CHECK_TRACED, /* by somebody else: clearance.tid */
	ATTACH_CHECK_ENDED,
};

struct attach_check {
	struct uninterruptible uninterruptible;
	uint64_t limit_us; /* how long a thread in state D is waited for */
	/* results */
	uint64_t again_us;
	uint32_t tid;
};

void attach_check_deinit(struct attach_check *attach_check);
/* Granted: settle->was_stopped says how the target is to be left. threads: as they are now. */
enum attach_check_result attach_check_now(struct attach_check *attach_check,
                                          struct restore *restore, struct process_threads *threads,
                                          uint64_t now);

#endif
