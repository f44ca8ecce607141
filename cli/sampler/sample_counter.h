/* sample_counter: numbers the samples of one target, computes when the next one is due, counts the
 * taken and the failed ones, and writes the recording's lines about them. */
#ifndef PMP_SAMPLE_COUNTER_H
#define PMP_SAMPLE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/sampler/recorder.h"
#include "cli/sampler/schedule.h"

/* Common to all targets of a run. */
struct sample_plan {
	struct schedule schedule;
	bool started;              /* schedule, samples and end_us are set */
	uint64_t samples;          /* per target; UINT64_MAX: no limit but end_us */
	uint64_t end_us;           /* CLOCK_NEVER: no limit but samples */
	struct recorder *recorder; /* borrowed */
};

struct sample_counter {
	const struct sample_plan *plan;
	uint32_t pid;
	uint64_t sample; /* the next sample's number, from 1 */
	uint64_t tick;   /* the next sample's tick */
	bool late;       /* the next sample was moved from an earlier tick */
	uint64_t taken, failed;
	uint64_t in_row;     /* failures since the last sample that was taken */
	uint64_t stopped_us; /* sum of the pauses */
	uint64_t last_us;    /* when the last sample ended */
	uint64_t maps_hash;  /* recorder_maps' */
};

/* When the next sample is due. CLOCK_NEVER: no samples are left, or the run's time is over. Moves
 * the sample to a later tick if its own is too long ago. */
uint64_t sample_counter_due(struct sample_counter *counter, uint64_t now);
/* The next sample was taken. text: its lines, from `begin` to `end`. */
void sample_counter_taken(struct sample_counter *counter, struct span text, uint64_t pause_us,
                          uint64_t now);
/* The next sample failed. threads: those whose stacks are missing. */
void sample_counter_failed(struct sample_counter *counter, const char *why,
                           const struct process_threads *threads, uint64_t now);
/* No more samples can be taken: all remaining ones that were asked for have failed. */
void sample_counter_fail_remaining(struct sample_counter *counter, const char *why,
                                   const struct process_threads *threads);

#endif
