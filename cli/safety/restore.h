/* restore: sees to it that a target that was let go is as it was: not traced by us, running, or stopped
 * if it was stopped before. Called again and again until it is done; never waits. */
#ifndef PMP_RESTORE_H
#define PMP_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/safety/run_check.h"
#include "cli/proc/process.h"

enum restore_result {
	RESTORE_DONE,
	RESTORE_WAIT, /* look again at settle.again_us */
	RESTORE_HELD, /* one of our workers holds it still: settle.holder */
};

struct restore {
	uint32_t pid;
	uint64_t starttime;
	bool was_stopped; /* before the attach */
	bool after_death; /* the worker did not end in good order: what it left comes to light only soon after */
	bool in_order; /* the worker let go as it was told: a stop that is seen is somebody else's */
	uint64_t since_us;          /* when it was let go */
	struct run_check run_check; /* since then; to be forgotten when it's let go again */
	/* results */
	uint64_t again_us;
	uint32_t holder;
	uint64_t first_sigcont_us; /* when a left-over stop was first undone; 0: there was none */
};

void restore_deinit(struct restore *restore);
/* ours: pids of the workers that live. */
enum restore_result restore_step(struct restore *restore, const uint32_t *ours, size_t our_count,
                                 struct process_threads *threads, uint64_t now);

#endif
