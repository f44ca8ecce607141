/* uninterruptible: threads in state D (uninterruptible sleep), which no debugger can stop: is it worth to wait until they
 * are out of it? A thread that has not run since it was seen first is in the same sleep still. */
#ifndef PMP_UNINTERRUPTIBLE_H
#define PMP_UNINTERRUPTIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

struct blockade_row {
	uint32_t tid;
	uint64_t switches; /* of the thread, when it was seen in this sleep first */
	uint64_t since_us;
};

struct blockade {
	struct blockade_row *rows; /* those in state D at the last look */
	size_t count, cap;
	uint64_t
	        since_us; /* since when every look found some thread in state D; 0: the last one found none */
	uint32_t tid; /* the one that has slept longest */
};

enum blockade_state {
	BLOCKADE_NONE,  /* nobody is in state D, or always another one and never for long: go on */
	BLOCKADE_BRIEF, /* look again soon */
	BLOCKADE_STUCK, /* blockade.tid is in one sleep for limit_us */
};

void blockade_deinit(struct blockade *blockade);
/* threads: as target_look fills them. */
enum blockade_state blockade_look(struct blockade *blockade, const struct target_threads *threads,
                                  uint64_t limit_us, uint64_t now);

#endif
