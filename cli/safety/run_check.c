#include "cli/safety/run_check.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void run_check_deinit(struct run_check *run_check)
{
	free(run_check->rows);
	*run_check = (struct run_check){ 0 };
}

void run_check_forget(struct run_check *run_check)
{
	run_check->count = 0;
	run_check->begun = false;
}

static void begin(struct run_check *run_check, uint32_t pid, const struct process_threads *threads)
{
	run_check->begun = true;
	for (size_t i = 0; i < threads->count; i++) {
		struct run_check_thread run = { .tid = threads->rows[i].tid };

		if (threads->rows[i].stat.state != 'R' || !process_cpu_ns(pid, run.tid, &run.ns))
			continue;
		run_check->rows = alloc_grow(run_check->rows, &run_check->cap, run_check->count + 1,
		                             sizeof(*run_check->rows));
		run_check->rows[run_check->count++] = run;
	}
}

static bool still_waits(const struct run_check_thread *run, uint32_t pid,
                        const struct process_threads *threads)
{
	uint64_t ns;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].tid == run->tid)
			return threads->rows[i].stat.state == 'R' &&
			       process_cpu_ns(pid, run->tid, &ns) && ns == run->ns;
	return false;
}

bool run_check_passed(struct run_check *run_check, uint32_t pid,
                      const struct process_threads *threads)
{
	size_t kept = 0;

	if (!run_check->begun)
		begin(run_check, pid, threads);
	for (size_t i = 0; i < run_check->count; i++)
		if (still_waits(&run_check->rows[i], pid, threads))
			run_check->rows[kept++] = run_check->rows[i];
	run_check->count = kept;
	return !kept;
}
