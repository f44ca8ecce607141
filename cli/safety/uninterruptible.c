#include "cli/safety/uninterruptible.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void uninterruptible_deinit(struct uninterruptible *uninterruptible)
{
	free(uninterruptible->rows);
	*uninterruptible = (struct uninterruptible){ 0 };
}

/* Since when this thread sleeps. Rows before `done` are this look's, those behind it the last one's. */
static uint64_t sleeps_since(const struct uninterruptible *uninterruptible, size_t done,
                             const struct process_thread *thread, uint64_t now)
{
	for (size_t i = done; i < uninterruptible->count; i++)
		if (uninterruptible->rows[i].tid == thread->tid &&
		    uninterruptible->rows[i].switches == thread->switches)
			return uninterruptible->rows[i].since_us;
	return now;
}

static void keep(struct uninterruptible *uninterruptible, size_t at,
                 const struct uninterruptible_row *row)
{
	size_t count = uninterruptible->count;

	uninterruptible->rows =
	        alloc_grow(uninterruptible->rows, &uninterruptible->cap, count + 1, sizeof(*row));
	/* Both lists are in /proc's order, so what is moved away has most likely been looked at. */
	uninterruptible->rows[count] = uninterruptible->rows[at];
	uninterruptible->rows[at] = *row;
	uninterruptible->count++;
}

enum uninterruptible_state uninterruptible_check(struct uninterruptible *uninterruptible,
                                                 const struct process_threads *threads,
                                                 uint64_t limit_us, uint64_t now)
{
	uint64_t longest = now;
	size_t done = 0;

	uninterruptible->tid = 0;
	for (size_t i = 0; i < threads->count; i++) {
		const struct process_thread *thread = &threads->rows[i];
		struct uninterruptible_row row = { thread->tid, thread->switches, now };

		if (thread->stat.state != 'D')
			continue;
		row.since_us = sleeps_since(uninterruptible, done, thread, now);
		if (!uninterruptible->tid || row.since_us < longest) {
			uninterruptible->tid = row.tid;
			longest = row.since_us;
		}
		keep(uninterruptible, done++, &row);
	}
	uninterruptible->count = done;
	if (!done) {
		uninterruptible->since_us = 0;
		return UNINTERRUPTIBLE_NONE;
	}
	if (!uninterruptible->since_us)
		uninterruptible->since_us = now;
	if (now - longest >= limit_us)
		return UNINTERRUPTIBLE_STUCK;
	/* A target that is busy with its disk has always some thread there, and each for a moment only. */
	return now - uninterruptible->since_us >= 2 * limit_us ? UNINTERRUPTIBLE_NONE
	                                                       : UNINTERRUPTIBLE_BRIEF;
}
