/* sample_counter: the samples of one target: which one is next and when, what became of each, and the journal's
 * lines of it. */
#ifndef PMP_SAMPLE_COUNTER_H
#define PMP_SAMPLE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/os/clock.h"
#include "cli/sampler/recorder.h"

/* What the targets of a run share. */
struct tally_plan {
	struct schedule schedule;
	bool started;     /* the schedule's start is known */
	uint64_t samples; /* of each target; UINT64_MAX: until end_us */
	uint64_t end_us;  /* CLOCK_NEVER: until all samples are taken */
	struct journal *journal;
};

struct tally {
	const struct tally_plan *plan;
	uint32_t pid;
	uint64_t sample; /* the next one's number, from 1 */
	uint64_t tick;   /* its place in the schedule */
	bool late;       /* it could not begin at its own tick */
	uint64_t taken, failed;
	uint64_t in_row; /* failures since the last one that was taken */
	uint64_t stopped_us;
	uint64_t last_us; /* when the last one was done */
	uint64_t maps_hash;
};

/* When the next sample is due; CLOCK_NEVER: none is. */
uint64_t tally_due(struct tally *tally, uint64_t now);
/* text: the sample's lines, begin to end. */
void tally_taken(struct tally *tally, struct span text, uint64_t pause_us, uint64_t now);
/* threads: those whose stacks are lost. */
void tally_failed(struct tally *tally, const char *why, const struct target_threads *threads,
                  uint64_t now);
/* No more can be taken: what was asked for and is left has failed. */
void tally_fail_rest(struct tally *tally, const char *why, const struct target_threads *threads);

#endif
