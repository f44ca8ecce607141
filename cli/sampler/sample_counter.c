#include "cli/sampler/sample_counter.h"

#include "cli/os/clock.h"
#include "merger/parse/marker.h"

#define KERNEL "\n" MARKER_PREFIX "kernel "
#define REMAINING_MAX 100000 /* limits the size of a recording whose target ends early */

uint64_t sample_counter_due(struct sample_counter *counter, uint64_t now)
{
	const struct sample_plan *plan = counter->plan;
	uint64_t tick = schedule_tick(&plan->schedule, counter->tick, now);
	uint64_t due = schedule_time(&plan->schedule, tick);

	if (counter->sample > plan->samples || due >= plan->end_us)
		return CLOCK_NEVER;
	counter->late |= tick != counter->tick;
	counter->tick = tick;
	return due;
}

/* The time of a tick since the start of the run. */
static uint64_t get_due_us(const struct sample_counter *counter, uint64_t tick)
{
	const struct schedule *schedule = &counter->plan->schedule;

	return schedule_time(schedule, tick) - schedule->start_us;
}

static void advance_sample(struct sample_counter *counter, uint64_t now)
{
	counter->sample++;
	counter->tick++;
	counter->late = false;
	counter->last_us = now;
}

void sample_counter_taken(struct sample_counter *counter, struct span text, uint64_t pause_us,
                          uint64_t now)
{
	struct recorder *recorder = counter->plan->recorder;

	/* Reading maps takes the target's mmap lock, which a thread in state D may hold. */
	if (!text.len || !memmem(text.ptr, text.len, KERNEL, sizeof(KERNEL) - 1))
		recorder_maps(recorder, counter->pid, &counter->maps_hash);
	if (counter->late)
		recorder_late(recorder, counter->sample, counter->pid);
	recorder_text(recorder, text);
	counter->stopped_us += pause_us;
	counter->taken++;
	counter->in_row = 0;
	advance_sample(counter, now);
}

void sample_counter_failed(struct sample_counter *counter, const char *why,
                           const struct process_threads *threads, uint64_t now)
{
	struct recorder *recorder = counter->plan->recorder;

	if (counter->late)
		recorder_late(recorder, counter->sample, counter->pid);
	recorder_failed(recorder, counter->sample, counter->pid, get_due_us(counter, counter->tick),
	                why, threads);
	counter->failed++;
	counter->in_row++;
	advance_sample(counter, now);
}

void sample_counter_fail_remaining(struct sample_counter *counter, const char *why,
                                   const struct process_threads *threads)
{
	const struct sample_plan *plan = counter->plan;

	if (!plan->started || plan->samples == UINT64_MAX)
		return;
	for (size_t n = 0; counter->sample <= plan->samples && n < REMAINING_MAX; n++) {
		recorder_failed(plan->recorder, counter->sample++, counter->pid,
		                get_due_us(counter, counter->tick + n), why, threads);
		counter->failed++;
	}
}
