/* uninterruptible: threads in state D (uninterruptible sleep), which no debugger can stop: is it worth to wait until they
 * are out of it? A thread that has not run since it was seen first is in the same sleep still. */
#ifndef PMP_UNINTERRUPTIBLE_H
#define PMP_UNINTERRUPTIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

struct uninterruptible_row {
	uint32_t tid;
	uint64_t switches; /* of the thread, when it was seen in this sleep first */
	uint64_t since_us;
};

struct uninterruptible {
	struct uninterruptible_row *rows; /* those in state D at the last look */
	size_t count, cap;
	uint64_t
	        since_us; /* since when every look found some thread in state D; 0: the last one found none */
	uint32_t tid; /* the one that has slept longest */
};

enum uninterruptible_state {
	UNINTERRUPTIBLE_NONE, /* nobody is in state D, or always another one and never for long: go on */
	UNINTERRUPTIBLE_BRIEF, /* look again soon */
	UNINTERRUPTIBLE_STUCK, /* blockade.tid is in one sleep for limit_us */
};

void uninterruptible_deinit(struct uninterruptible *uninterruptible);
/* threads: as process_attach_state fills them. */
enum uninterruptible_state uninterruptible_check(struct uninterruptible *uninterruptible,
                                                 const struct process_threads *threads,
                                                 uint64_t limit_us, uint64_t now);

#endif
