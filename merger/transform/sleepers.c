#include "merger/transform/sleepers.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

#define LOAD_ASLEEP 0.01 /* of a CPU; a thread below it sleeps */
#define LOAD_BUSY 0.1    /* sleepers are left out if a thread uses so much */

struct use {
	uint64_t samples, cpu_us;
	bool blocked; /* in state D in some sample */
};

static void add_use(const struct thread_group *group, struct use *use)
{
	struct thread_run thread_run;

	for (size_t at = 0; thread_group_next(group, &at, &thread_run);) {
		use->samples += thread_run.samples;
		use->cpu_us += thread_run.cpu_us;
	}
}

/* The states of the samples, by slot of the timeline; uses are by group. */
static void find_blocked(const struct thread_stacks *stacks, struct use *uses)
{
	struct timeline_cursor cursor = { .timeline = stacks->timeline };
	bool *blocked = alloc_zeroed(stacks->timeline->slot_count + 1, sizeof(*blocked));

	while (timeline_next(&cursor))
		for (size_t i = 0; i < cursor.change_count; i++)
			blocked[cursor.changes[i].slot] |= cursor.changes[i].entry.state == 'D';
	timeline_cursor_deinit(&cursor);
	for (size_t i = 0; i < stacks->count; i++)
		uses[i].blocked = blocked[stacks->groups[i].at];
	free(blocked);
}

/* The mean time between two samples, by the thread that is in most samples. 0: unknown. */
static double find_period(const struct thread_stacks *stacks, const struct use *uses)
{
	uint64_t most = 0;

	for (size_t i = 0; i < stacks->count; i++)
		most = uses[i].samples > most ? uses[i].samples : most;
	return most ? (double)stacks->profile->sampling.elapsed_ms * 1000 / (double)most : 0;
}

/* The share of a CPU that a thread used. */
static double get_load(const struct use *use, double period_us)
{
	double us = (double)use->samples * period_us;

	return us > 0 ? (double)use->cpu_us / us : 0;
}

size_t sleepers_leave_out(const struct thread_stacks *stacks, bool *wanted)
{
	struct use *uses;
	double period, most = 0;
	size_t count = 0;

	if (!stacks->timeline || !stacks->timeline->with_cpu)
		return 0;
	uses = alloc_zeroed(stacks->count + 1, sizeof(*uses));
	for (size_t i = 0; i < stacks->count; i++)
		add_use(&stacks->groups[i], &uses[i]);
	find_blocked(stacks, uses);
	period = find_period(stacks, uses);
	for (size_t i = 0; i < stacks->count; i++)
		most = get_load(&uses[i], period) > most ? get_load(&uses[i], period) : most;
	for (size_t i = 0; i < stacks->count && most >= LOAD_BUSY; i++) {
		bool sleeps = get_load(&uses[i], period) < LOAD_ASLEEP && !uses[i].blocked;

		count += wanted[i] && sleeps;
		wanted[i] = wanted[i] && !sleeps;
	}
	free(uses);
	return count;
}
