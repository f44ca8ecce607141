#include "cli/sampler/attachment.h"

#include <string.h>

#define STOPPED_US 20000 /* between looks at one that somebody has stopped */

void attachment_init(struct attachment *attachment, uint32_t pid, const struct watchdog *watchdog,
                     const struct timeouts *deadlines)
{
	struct process_stat stat;

	*attachment = (struct attachment){ .watchdog = watchdog };
	attachment->restore.pid = pid;
	attachment->attach_check.limit_us = deadlines->us[TIMEOUT_BLOCKED];
	if (process_stat(pid, 0, &stat))
		attachment->restore.starttime = stat.starttime;
}

void attachment_deinit(struct attachment *attachment)
{
	process_threads_deinit(&attachment->threads);
	attach_check_deinit(&attachment->attach_check);
	restore_deinit(&attachment->restore);
}

enum process_life attachment_life(struct attachment *attachment)
{
	uint32_t pid = attachment->restore.pid;
	uint64_t starttime = attachment->restore.starttime;
	enum process_life life = process_life(pid, starttime);

	if (life == PROCESS_ZOMBIE)
		life = process_attach_state(pid, starttime, &attachment->threads).life;
	return life;
}

void attachment_detached(struct attachment *attachment, bool after_death, uint64_t now)
{
	attachment->unsettled = true;
	attachment->restore.after_death = after_death;
	attachment->restore.in_order = false;
	attachment->restore.since_us = now;
	attachment->restore.first_sigcont_us = 0;
	run_check_forget(&attachment->restore.run_check);
}

static void tell_guard(const struct attachment *attachment, pid_t gdb)
{
	watchdog_watch(attachment->watchdog, attachment->restore.pid, attachment->restore.starttime,
	               attachment->restore.was_stopped && !attachment->held, gdb);
}

void attachment_stopped(struct attachment *attachment, const char *signal, uint64_t now)
{
	/* The others are for the kernel to decide: they stop nobody who has no terminal to be continued from. */
	attachment->restore.was_stopped = !strcmp(signal, "SIGSTOP");
	attachment_detached(attachment, true, now); /* the stop may take a moment */
	attachment->restore.in_order = true;
	tell_guard(attachment, 0);
}

/* It said that it had let go, and has not. */
static void end_holder(struct attachment *attachment, struct worker_pool *pool, uint64_t now)
{
	bool blocked = process_blocked(&attachment->threads);
	enum timeout policy = blocked ? TIMEOUT_SKIP : TIMEOUT_DETACH;

	if (now - attachment->restore.since_us >= pool->plan.deadlines->us[policy])
		worker_pool_end(pool, attachment->restore.holder, blocked);
}

bool attachment_restored(struct attachment *attachment, struct worker_pool *pool, uint64_t now)
{
	uint32_t ours[ATTACH_WORKERS_MAX];
	size_t count;

	if (!attachment->unsettled)
		return true;
	count = worker_pool_pids(pool, ours);
	switch (restore_step(&attachment->restore, ours, count, &attachment->threads, now)) {
	case RESTORE_DONE:
		attachment->unsettled = false;
		return true;
	case RESTORE_WAIT:
		break;
	case RESTORE_HELD:
		end_holder(attachment, pool, now);
		break;
	}
	attachment->again_us = attachment->restore.again_us;
	return false;
}

void attachment_continue(struct attachment *attachment)
{
	attachment->held = false;
	attachment->restore.was_stopped = false;
}

enum attach_check_result attachment_may_attach(struct attachment *attachment,
                                               struct worker_pool *pool, uint64_t now)
{
	enum attach_check_result ret;

	if (!attachment_restored(attachment, pool, now))
		return ATTACH_CHECK_WAIT;
	ret = attach_check_now(&attachment->attach_check, &attachment->restore,
	                       &attachment->threads, now);
	attachment->again_us = attachment->attach_check.again_us;
	if (ret == ATTACH_CHECK_GRANTED && attachment->started_by_pmp && !attachment->held &&
	    attachment->restore.was_stopped) {
		attachment->again_us = now + STOPPED_US;
		return ATTACH_CHECK_WAIT;
	}
	if (ret == ATTACH_CHECK_GRANTED)
		tell_guard(attachment,
		           worker_pool_current(pool) ? worker_pid(worker_pool_current(pool)) : 0);
	return ret;
}
