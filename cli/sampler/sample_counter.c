#include "cli/sampler/sample_counter.h"
#include "merger/parse/marker.h"

#define KERNEL "\n" MARKER_PREFIX "kernel "
#define REST_MAX 100000 /* lines; who asked for more knows the rest from these */

uint64_t tally_due(struct tally *tally, uint64_t now)
{
	const struct tally_plan *plan = tally->plan;
	uint64_t tick = schedule_tick(&plan->schedule, tally->tick, now);
	uint64_t due = schedule_time(&plan->schedule, tick);

	if (tally->sample > plan->samples || due >= plan->end_us)
		return CLOCK_NEVER;
	tally->late |= tick != tally->tick;
	tally->tick = tick;
	return due;
}

/* When the sample of this tick was to begin, since the start of the run. */
static uint64_t due_us(const struct tally *tally, uint64_t tick)
{
	const struct schedule *schedule = &tally->plan->schedule;

	return schedule_time(schedule, tick) - schedule->start_us;
}

static void next(struct tally *tally, uint64_t now)
{
	tally->sample++;
	tally->tick++;
	tally->late = false;
	tally->last_us = now;
}

void tally_taken(struct tally *tally, struct span text, uint64_t pause_us, uint64_t now)
{
	struct journal *journal = tally->plan->journal;

	/* Reading them takes a lock of the target's, which a thread in state D may hold. */
	if (!text.len || !memmem(text.ptr, text.len, KERNEL, sizeof(KERNEL) - 1))
		journal_maps(journal, tally->pid, &tally->maps_hash);
	if (tally->late)
		journal_late(journal, tally->sample, tally->pid);
	journal_text(journal, text);
	tally->stopped_us += pause_us;
	tally->taken++;
	tally->in_row = 0;
	next(tally, now);
}

void tally_failed(struct tally *tally, const char *why, const struct target_threads *threads,
                  uint64_t now)
{
	struct journal *journal = tally->plan->journal;

	if (tally->late)
		journal_late(journal, tally->sample, tally->pid);
	journal_failed(journal, tally->sample, tally->pid, due_us(tally, tally->tick), why,
	               threads);
	tally->failed++;
	tally->in_row++;
	next(tally, now);
}

void tally_fail_rest(struct tally *tally, const char *why, const struct target_threads *threads)
{
	const struct tally_plan *plan = tally->plan;

	if (!plan->started || plan->samples == UINT64_MAX)
		return;
	for (size_t n = 0; tally->sample <= plan->samples && n < REST_MAX; n++) {
		journal_failed(plan->journal, tally->sample++, tally->pid,
		               due_us(tally, tally->tick + n), why, threads);
		tally->failed++;
	}
}
