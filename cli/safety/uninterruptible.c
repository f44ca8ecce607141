#include "cli/safety/uninterruptible.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void blockade_deinit(struct blockade *blockade)
{
	free(blockade->rows);
	*blockade = (struct blockade){ 0 };
}

/* Since when this thread sleeps. Rows before `done` are this look's, those behind it the last one's. */
static uint64_t sleeps_since(const struct blockade *blockade, size_t done,
                             const struct target_thread *thread, uint64_t now)
{
	for (size_t i = done; i < blockade->count; i++)
		if (blockade->rows[i].tid == thread->tid &&
		    blockade->rows[i].switches == thread->switches)
			return blockade->rows[i].since_us;
	return now;
}

static void keep(struct blockade *blockade, size_t at, const struct blockade_row *row)
{
	size_t count = blockade->count;

	blockade->rows = alloc_grow(blockade->rows, &blockade->cap, count + 1, sizeof(*row));
	/* Both lists are in /proc's order, so what is moved away has most likely been looked at. */
	blockade->rows[count] = blockade->rows[at];
	blockade->rows[at] = *row;
	blockade->count++;
}

enum blockade_state blockade_look(struct blockade *blockade, const struct target_threads *threads,
                                  uint64_t limit_us, uint64_t now)
{
	uint64_t longest = now;
	size_t done = 0;

	blockade->tid = 0;
	for (size_t i = 0; i < threads->count; i++) {
		const struct target_thread *thread = &threads->rows[i];
		struct blockade_row row = { thread->tid, thread->switches, now };

		if (thread->stat.state != 'D')
			continue;
		row.since_us = sleeps_since(blockade, done, thread, now);
		if (!blockade->tid || row.since_us < longest) {
			blockade->tid = row.tid;
			longest = row.since_us;
		}
		keep(blockade, done++, &row);
	}
	blockade->count = done;
	if (!done) {
		blockade->since_us = 0;
		return BLOCKADE_NONE;
	}
	if (!blockade->since_us)
		blockade->since_us = now;
	if (now - longest >= limit_us)
		return BLOCKADE_STUCK;
	/* A target that is busy with its disk has always some thread there, and each for a moment only. */
	return now - blockade->since_us >= 2 * limit_us ? BLOCKADE_NONE : BLOCKADE_BRIEF;
}
