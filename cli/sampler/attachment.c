#include "cli/sampler/attachment.h"

#include <string.h>

void attachment_init(struct attachment *attachment, uint32_t pid, const struct watchdog *watchdog,
                     const struct timeouts *timeouts)
{
	struct process_stat stat;

	*attachment = (struct attachment){ .watchdog = watchdog };
	attachment->restore.pid = pid;
	attachment->check.limit_us = timeouts->us[TIMEOUT_BLOCKED];
	if (process_stat(pid, 0, &stat))
		attachment->restore.starttime = stat.starttime;
}

void attachment_deinit(struct attachment *attachment)
{
	process_threads_deinit(&attachment->threads);
	attach_check_deinit(&attachment->check);
	restore_deinit(&attachment->restore);
}

static struct process_attach_state read_state(struct attachment *attachment)
{
	return process_attach_state(attachment->restore.pid, attachment->restore.starttime,
	                            &attachment->threads);
}

enum process_life attachment_life(struct attachment *attachment)
{
	enum process_life life =
	        process_life(attachment->restore.pid, attachment->restore.starttime);

	return life == PROCESS_ZOMBIE ? read_state(attachment).life : life;
}

void attachment_detached(struct attachment *attachment, bool after_death, uint64_t now)
{
	attachment->unrestored = true;
	restore_begin(&attachment->restore, after_death, now);
}

static void note_for_watchdog(const struct attachment *attachment, pid_t gdb)
{
	watchdog_watch(attachment->watchdog, attachment->restore.pid, attachment->restore.starttime,
	               attachment->restore.was_stopped && !attachment->held, gdb);
}

/* This worker has reported a detach, and still traces the target. */
static void end_holder(struct attachment *attachment, struct worker_pool *pool, uint64_t now)
{
	bool blocked = process_has_blocked_thread(&attachment->threads);
	enum timeout timeout = blocked ? TIMEOUT_HURRY : TIMEOUT_DETACH;

	if (now - attachment->restore.since_us >= pool->plan.timeouts->us[timeout])
		worker_pool_end(pool, attachment->restore.holder, blocked);
}

bool attachment_restored(struct attachment *attachment, struct worker_pool *pool, uint64_t now)
{
	uint32_t ours[ATTACH_WORKERS_MAX];
	size_t count;

	if (!attachment->unrestored)
		return true;
	count = worker_pool_pids(pool, ours);
	switch (restore_step(&attachment->restore, ours, count, &attachment->threads, now)) {
	case RESTORE_DONE:
		attachment->unrestored = false;
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
	struct process_attach_state state;
	struct worker *worker = worker_pool_current(pool);
	enum attach_check_result ret;

	if (!attachment_restored(attachment, pool, now))
		return ATTACH_CHECK_WAIT;
	state = read_state(attachment);
	attachment->check.skip_stopped = attachment->started_by_pmp && !attachment->held;
	ret = attach_check_now(&attachment->check, &state, &attachment->threads, now);
	attachment->again_us = attachment->check.again_us;
	if (ret == ATTACH_CHECK_GRANTED || ret == ATTACH_CHECK_STOPPED)
		attachment->restore.was_stopped = state.stopped;
	if (ret == ATTACH_CHECK_GRANTED)
		note_for_watchdog(attachment, worker ? worker_pid(worker) : 0);
	return ret;
}
