#include "cli/safety/attach_check.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

#define BLOCKED_AGAIN_US 5000  /* between two checks of a thread in state D */
#define STOPPED_AGAIN_US 20000 /* between two checks of a stopped target */

void attach_check_deinit(struct attach_check *check)
{
	free(check->sleeps);
	*check = (struct attach_check){ 0 };
}

/* Since when this thread sleeps. Rows before `done` are from this call, the others from before. */
static uint64_t find_sleep_start(const struct attach_check *check, size_t done,
                                 const struct process_thread *thread, uint64_t now)
{
	for (size_t i = done; i < check->count; i++)
		if (check->sleeps[i].tid == thread->tid &&
		    check->sleeps[i].switches == thread->switches)
			return check->sleeps[i].since_us;
	return now;
}

static void insert_sleep(struct attach_check *check, size_t at,
                         const struct attach_check_sleep *sleep)
{
	size_t count = check->count;

	check->sleeps = alloc_grow(check->sleeps, &check->cap, count + 1, sizeof(*sleep));
	/* Both lists are in /proc's order, so the row that moves has most likely been compared. */
	check->sleeps[count] = check->sleeps[at];
	check->sleeps[at] = *sleep;
	check->count++;
}

/* Updates the list of sleeps; returns when the longest one began. */
static uint64_t update_sleeps(struct attach_check *check, const struct process_threads *threads,
                              uint64_t now)
{
	uint64_t longest = now;
	size_t done = 0;

	check->tid = 0;
	for (size_t i = 0; i < threads->count; i++) {
		const struct process_thread *thread = &threads->rows[i];
		struct attach_check_sleep sleep = { thread->tid, thread->switches, now };

		if (thread->stat.state != 'D')
			continue;
		sleep.since_us = find_sleep_start(check, done, thread, now);
		if (!check->tid || sleep.since_us < longest) {
			check->tid = sleep.tid;
			longest = sleep.since_us;
		}
		insert_sleep(check, done++, &sleep);
	}
	check->count = done;
	return longest;
}

/* GRANTED, WAIT or BLOCKED. */
static enum attach_check_result check_sleeps(struct attach_check *check,
                                             const struct process_threads *threads, uint64_t now)
{
	uint64_t longest = update_sleeps(check, threads, now);

	if (!check->count) {
		check->since_us = 0;
		return ATTACH_CHECK_GRANTED;
	}
	if (!check->since_us)
		check->since_us = now;
	if (now - longest >= check->limit_us)
		return ATTACH_CHECK_BLOCKED;
	/* A target with much disk I/O always has some thread in state D, each for a moment. */
	if (now - check->since_us >= 2 * check->limit_us)
		return ATTACH_CHECK_GRANTED;
	check->again_us = now + BLOCKED_AGAIN_US;
	return ATTACH_CHECK_WAIT;
}

enum attach_check_result attach_check_now(struct attach_check *check,
                                          const struct process_attach_state *state,
                                          const struct process_threads *threads, uint64_t now)
{
	enum attach_check_result ret;

	if (state->life != PROCESS_ALIVE)
		return ATTACH_CHECK_ENDED;
	ret = check_sleeps(check, threads, now);
	if (ret != ATTACH_CHECK_GRANTED)
		return ret;
	if (state->tracer) {
		check->tid = state->tracer;
		return ATTACH_CHECK_TRACED;
	}
	if (state->stopped && check->skip_stopped) {
		check->again_us = now + STOPPED_AGAIN_US;
		return ATTACH_CHECK_STOPPED;
	}
	return ATTACH_CHECK_GRANTED;
}
