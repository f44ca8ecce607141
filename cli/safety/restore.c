#include "cli/safety/restore.h"

#include <signal.h>
#include <sys/types.h>

#define AGAIN_US 2000
#define DEATH_US                                                                                   \
	20000 /* a killed tracer's stops are gone or have become the target's own by then */
#define RESTOP_US 50000    /* a target that was stopped may take so long to stop again by itself */
#define RUN_US 10000000    /* a thread with a stop in hand may wait so long for a processor */
#define GIVE_UP_US 1000000 /* who stops it again for so long does not want it to run */

static bool any_in_tracing_stop(const struct target_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].stat.state == 't')
			return true;
	return false;
}

/* What a worker has left that died. */
static bool has_come_to_light(struct settle *settle, const struct target_threads *threads)
{
	if (any_in_tracing_stop(threads)) {
		runs_forget(&settle->runs);
		return false;
	}
	return !settle->after_death || runs_all(&settle->runs, settle->pid, threads);
}

static enum settle_result again(struct settle *settle, uint64_t now)
{
	settle->again_us = now + AGAIN_US;
	return SETTLE_WAIT;
}

/* It was stopped before: so be it. */
static enum settle_result stop_again(struct settle *settle, const struct target_look *look,
                                     uint64_t age, uint64_t now)
{
	if (look->stopped)
		return SETTLE_DONE;
	if (age < RESTOP_US)
		return again(settle, now);
	kill((pid_t)settle->pid, SIGSTOP);
	return SETTLE_DONE;
}

void settle_deinit(struct settle *settle)
{
	runs_deinit(&settle->runs);
}

enum settle_result settle_step(struct settle *settle, const uint32_t *ours, size_t our_count,
                               struct target_threads *threads, uint64_t now)
{
	struct target_look look = target_look(settle->pid, settle->starttime, threads);
	uint64_t age = now - settle->since_us;

	if (look.life != TARGET_ALIVE)
		return SETTLE_DONE;
	for (size_t i = 0; i < our_count; i++) {
		if (look.tracer != ours[i])
			continue;
		settle->holder = look.tracer;
		settle->again_us = now + AGAIN_US;
		return SETTLE_HELD;
	}
	if (look.tracer)
		return SETTLE_DONE; /* somebody else took it: it is theirs now */
	if (age < RUN_US && !has_come_to_light(settle, threads))
		return again(settle, now);
	if (settle->was_stopped)
		return stop_again(settle, &look, age, now);
	if (settle->in_order && look.stopped)
		return SETTLE_DONE;
	if (look.stopped || look.stop_pending) {
		/* A gdb that ends in the middle leaves the SIGSTOP by which it attached. */
		if (age < DEATH_US && !settle->after_death)
			return again(settle, now);
		kill((pid_t)settle->pid, SIGCONT);
		if (!settle->undone_us)
			settle->undone_us = now;
		return now - settle->undone_us < GIVE_UP_US ? again(settle, now) : SETTLE_DONE;
	}
	return settle->after_death && age < DEATH_US ? again(settle, now) : SETTLE_DONE;
}
