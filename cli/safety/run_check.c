#include "cli/safety/run_check.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void runs_deinit(struct runs *runs)
{
	free(runs->rows);
	*runs = (struct runs){ 0 };
}

void runs_forget(struct runs *runs)
{
	runs->count = 0;
	runs->begun = false;
}

static void begin(struct runs *runs, uint32_t pid, const struct target_threads *threads)
{
	runs->begun = true;
	for (size_t i = 0; i < threads->count; i++) {
		struct run run = { .tid = threads->rows[i].tid };

		if (threads->rows[i].stat.state != 'R' || !target_ran(pid, run.tid, &run.ns))
			continue;
		runs->rows =
		        alloc_grow(runs->rows, &runs->cap, runs->count + 1, sizeof(*runs->rows));
		runs->rows[runs->count++] = run;
	}
}

static bool still_waits(const struct run *run, uint32_t pid, const struct target_threads *threads)
{
	uint64_t ns;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].tid == run->tid)
			return threads->rows[i].stat.state == 'R' &&
			       target_ran(pid, run->tid, &ns) && ns == run->ns;
	return false;
}

bool runs_all(struct runs *runs, uint32_t pid, const struct target_threads *threads)
{
	size_t kept = 0;

	if (!runs->begun)
		begin(runs, pid, threads);
	for (size_t i = 0; i < runs->count; i++)
		if (still_waits(&runs->rows[i], pid, threads))
			runs->rows[kept++] = runs->rows[i];
	runs->count = kept;
	return !kept;
}
