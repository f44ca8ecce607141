/* restore: makes a target that pmp has detached from what it was before: not traced by pmp, and
 * running, or stopped if it was stopped before. restore_step is called until it returns
 * RESTORE_DONE; it never waits. */
#ifndef PMP_RESTORE_H
#define PMP_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

enum restore_result {
	RESTORE_DONE,
	RESTORE_WAIT, /* call again at again_us */
	RESTORE_HELD, /* the process `holder`, one of pmp's workers, still traces the target */
};

/* A thread that waits for a processor. */
struct restore_thread {
	uint32_t tid;
	uint64_t cpu_ns; /* CPU time at the first check */
};

struct restore {
	uint32_t pid;
	uint64_t starttime;
	bool was_stopped;  /* before the attach */
	bool after_death;  /* the worker did not detach in good order; its stop may show late */
	uint64_t since_us; /* when the worker detached */
	/* After a death: the threads that have not run since the first check. */
	struct restore_thread *waiting;
	size_t waiting_count, waiting_cap;
	bool checked; /* the first check was done */
	/* results */
	uint64_t again_us;
	uint32_t holder;
	uint64_t first_sigcont_us; /* when a leftover stop was first undone; 0: there was none */
};

void restore_deinit(struct restore *restore);
/* The target was detached from, now. pid, starttime and was_stopped stay. */
void restore_begin(struct restore *restore, bool after_death, uint64_t now);
/* ours: pids of pmp's live workers. threads: storage; the target's threads afterwards. */
enum restore_result restore_step(struct restore *restore, const uint32_t *ours, size_t our_count,
                                 struct process_threads *threads, uint64_t now);

#endif
