/* attach_check: may a gdb attach to a target now? Asked right before each attach. */
#ifndef PMP_ATTACH_CHECK_H
#define PMP_ATTACH_CHECK_H

#include "cli/safety/uninterruptible.h"
#include "cli/safety/restore.h"

enum clearance_result {
	CLEARANCE_GRANTED,
	CLEARANCE_WAIT,    /* ask again at clearance.again_us */
	CLEARANCE_BLOCKED, /* a thread in state D keeps it away, and has for long: clearance.tid */
	CLEARANCE_TRACED,  /* by somebody else: clearance.tid */
	CLEARANCE_ENDED,
};

struct clearance {
	struct blockade blockade;
	uint64_t limit_us; /* how long a thread in state D is waited for */
	/* results */
	uint64_t again_us;
	uint32_t tid;
};

void clearance_deinit(struct clearance *clearance);
/* Granted: settle->was_stopped says how the target is to be left. threads: as they are now. */
enum clearance_result clearance_ask(struct clearance *clearance, struct settle *settle,
                                    struct target_threads *threads, uint64_t now);

#endif
