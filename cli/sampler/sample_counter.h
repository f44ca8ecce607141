/* sample_counter: the samples of one target: which one is next and when, what became of each, and the journal's
 * lines of it. */
#ifndef PMP_SAMPLE_COUNTER_H
#define PMP_SAMPLE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/sampler/recorder.h"
#include "cli/sampler/schedule.h"

/* What the targets of a run share. */
struct sample_plan {
	struct schedule schedule;
	bool started;     /* the schedule's start is known */
	uint64_t samples; /* of each target; UINT64_MAX: until end_us */
	uint64_t end_us;  /* CLOCK_NEVER: until all samples are taken */
	struct recorder *recorder;
};

struct sample_counter {
	const struct sample_plan *plan;
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
uint64_t sample_counter_due(struct sample_counter *counter, uint64_t now);
/* text: the sample's lines, begin to end. */
void sample_counter_taken(struct sample_counter *counter, struct span text, uint64_t pause_us,
                          uint64_t now);
/* threads: those whose stacks are lost. */
void sample_counter_failed(struct sample_counter *counter, const char *why,
                           const struct process_threads *threads, uint64_t now);
/* No more can be taken: what was asked for and is left has failed. */
void sample_counter_fail_remaining(struct sample_counter *counter, const char *why,
                                   const struct process_threads *threads);

#endif
