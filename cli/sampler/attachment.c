#include "cli/sampler/attachment.h"

#include <string.h>

#define STOPPED_US 20000 /* between looks at one that somebody has stopped */

void custody_init(struct custody *custody, uint32_t pid, const struct guard *guard,
                  const struct deadlines *deadlines)
{
	struct target_stat stat;

	*custody = (struct custody){ .guard = guard };
	custody->settle.pid = pid;
	custody->clearance.limit_us = deadlines->us[DEADLINE_BLOCKED];
	if (target_stat(pid, 0, &stat))
		custody->settle.starttime = stat.starttime;
}

void custody_deinit(struct custody *custody)
{
	target_threads_deinit(&custody->threads);
	clearance_deinit(&custody->clearance);
	settle_deinit(&custody->settle);
}

enum target_life custody_life(struct custody *custody)
{
	uint32_t pid = custody->settle.pid;
	uint64_t starttime = custody->settle.starttime;
	enum target_life life = target_life(pid, starttime);

	if (life == TARGET_ZOMBIE)
		life = target_look(pid, starttime, &custody->threads).life;
	return life;
}

void custody_released(struct custody *custody, bool after_death, uint64_t now)
{
	custody->unsettled = true;
	custody->settle.after_death = after_death;
	custody->settle.in_order = false;
	custody->settle.since_us = now;
	custody->settle.undone_us = 0;
	runs_forget(&custody->settle.runs);
}

static void tell_guard(const struct custody *custody, pid_t gdb)
{
	guard_watch(custody->guard, custody->settle.pid, custody->settle.starttime,
	            custody->settle.was_stopped && !custody->held, gdb);
}

void custody_stopped(struct custody *custody, const char *signal, uint64_t now)
{
	/* The others are for the kernel to decide: they stop nobody who has no terminal to be continued from. */
	custody->settle.was_stopped = !strcmp(signal, "SIGSTOP");
	custody_released(custody, true, now); /* the stop may take a moment */
	custody->settle.in_order = true;
	tell_guard(custody, 0);
}

/* It said that it had let go, and has not. */
static void end_holder(struct custody *custody, struct crew *crew, uint64_t now)
{
	bool blocked = target_blocked(&custody->threads);
	enum deadline patience = blocked ? DEADLINE_HURRY : DEADLINE_DETACH;

	if (now - custody->settle.since_us >= crew->plan.deadlines->us[patience])
		crew_end(crew, custody->settle.holder, blocked);
}

bool custody_settled(struct custody *custody, struct crew *crew, uint64_t now)
{
	uint32_t ours[ATTACH_WORKERS_MAX];
	size_t count;

	if (!custody->unsettled)
		return true;
	count = crew_pids(crew, ours);
	switch (settle_step(&custody->settle, ours, count, &custody->threads, now)) {
	case SETTLE_DONE:
		custody->unsettled = false;
		return true;
	case SETTLE_WAIT:
		break;
	case SETTLE_HELD:
		end_holder(custody, crew, now);
		break;
	}
	custody->again_us = custody->settle.again_us;
	return false;
}

void custody_release(struct custody *custody)
{
	custody->held = false;
	custody->settle.was_stopped = false;
}

enum clearance_result custody_ask(struct custody *custody, struct crew *crew, uint64_t now)
{
	enum clearance_result ret;

	if (!custody_settled(custody, crew, now))
		return CLEARANCE_WAIT;
	ret = clearance_ask(&custody->clearance, &custody->settle, &custody->threads, now);
	custody->again_us = custody->clearance.again_us;
	if (ret == CLEARANCE_GRANTED && custody->own && !custody->held &&
	    custody->settle.was_stopped) {
		custody->again_us = now + STOPPED_US;
		return CLEARANCE_WAIT;
	}
	if (ret == CLEARANCE_GRANTED)
		tell_guard(custody, crew_current(crew) ? worker_pid(crew_current(crew)) : 0);
	return ret;
}
