#include "cli/safety/restore.h"

#include <signal.h>
#include <sys/types.h>

#define AGAIN_US 2000
#define DEATH_US                                                                                   \
	20000 /* a killed tracer's stops are gone or have become the target's own by then */
#define RESTOP_US 50000    /* a target that was stopped may take so long to stop again by itself */
#define RUN_US 10000000    /* a thread with a stop in hand may wait so long for a processor */
#define GIVE_UP_US 1000000 /* who stops it again for so long does not want it to run */

static bool any_in_tracing_stop(const struct process_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].stat.state == 't')
			return true;
	return false;
}

/* What a worker has left that died. */
static bool leftover_stop_visible(struct restore *restore, const struct process_threads *threads)
{
	if (any_in_tracing_stop(threads)) {
		run_check_forget(&restore->run_check);
		return false;
	}
	return !restore->after_death ||
	       run_check_passed(&restore->run_check, restore->pid, threads);
}

static enum restore_result again(struct restore *restore, uint64_t now)
{
	restore->again_us = now + AGAIN_US;
	return RESTORE_WAIT;
}

/* It was stopped before: so be it. */
static enum restore_result stop_again(struct restore *restore,
                                      const struct process_attach_state *look, uint64_t age,
                                      uint64_t now)
{
	if (look->stopped)
		return RESTORE_DONE;
	if (age < RESTOP_US)
		return again(restore, now);
	kill((pid_t)restore->pid, SIGSTOP);
	return RESTORE_DONE;
}

void restore_deinit(struct restore *restore)
{
	run_check_deinit(&restore->run_check);
}

enum restore_result restore_step(struct restore *restore, const uint32_t *ours, size_t our_count,
                                 struct process_threads *threads, uint64_t now)
{
	struct process_attach_state look =
	        process_attach_state(restore->pid, restore->starttime, threads);
	uint64_t age = now - restore->since_us;

	if (look.life != PROCESS_ALIVE)
		return RESTORE_DONE;
	for (size_t i = 0; i < our_count; i++) {
		if (look.tracer != ours[i])
			continue;
		restore->holder = look.tracer;
		restore->again_us = now + AGAIN_US;
		return RESTORE_HELD;
	}
	if (look.tracer)
		return RESTORE_DONE; /* somebody else took it: it is theirs now */
	if (age < RUN_US && !leftover_stop_visible(restore, threads))
		return again(restore, now);
	if (restore->was_stopped)
		return stop_again(restore, &look, age, now);
	if (restore->in_order && look.stopped)
		return RESTORE_DONE;
	if (look.stopped || look.stop_pending) {
		/* A gdb that ends in the middle leaves the SIGSTOP by which it attached. */
		if (age < DEATH_US && !restore->after_death)
			return again(restore, now);
		kill((pid_t)restore->pid, SIGCONT);
		if (!restore->first_sigcont_us)
			restore->first_sigcont_us = now;
		return now - restore->first_sigcont_us < GIVE_UP_US ? again(restore, now)
		                                                    : RESTORE_DONE;
	}
	return restore->after_death && age < DEATH_US ? again(restore, now) : RESTORE_DONE;
}
