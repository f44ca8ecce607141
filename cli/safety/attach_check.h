/* attach_check: may a gdb attach to a target now? Asked immediately before each attach.
 *
 * No debugger can stop a thread in state D (uninterruptible sleep): an attach would hang until the
 * thread wakes up. So pmp waits for such a thread, but not for ever. Two reads of /proc see the
 * same sleep if the thread's number of context switches is the same. */
#ifndef PMP_ATTACH_CHECK_H
#define PMP_ATTACH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/proc/process.h"

enum attach_check_result {
	ATTACH_CHECK_GRANTED,
	ATTACH_CHECK_WAIT,    /* a thread is in state D: ask again at again_us */
	ATTACH_CHECK_STOPPED, /* skip_stopped, and a signal has stopped it: ask again at again_us */
	ATTACH_CHECK_BLOCKED, /* thread `tid` has been in state D for limit_us or longer */
	ATTACH_CHECK_TRACED,  /* process `tid` traces the target */
	ATTACH_CHECK_ENDED,
};

/* A thread in state D. */
struct attach_check_sleep {
	uint32_t tid;
	uint64_t switches; /* context switches when this sleep was first seen */
	uint64_t since_us;
};

struct attach_check {
	uint64_t limit_us;                 /* how long to wait for a thread in state D */
	bool skip_stopped;                 /* do not attach while the target is stopped */
	struct attach_check_sleep *sleeps; /* the threads in state D at the last call */
	size_t count, cap;
	uint64_t
	        since_us; /* every call since then found a thread in state D; 0: the last did not */
	/* results */
	uint64_t again_us;
	uint32_t tid; /* TRACED: the tracer; otherwise the thread longest in state D, 0: none */
};

void attach_check_deinit(struct attach_check *check);
/* state and threads: as process_attach_state has just read them. */
enum attach_check_result attach_check_now(struct attach_check *check,
                                          const struct process_attach_state *state,
                                          const struct process_threads *threads, uint64_t now);

#endif
