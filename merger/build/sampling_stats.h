/* sampling_stats: a recording's figures from its markers: samples asked, taken, late and failed,
 * rate, length, pauses. The rules are in profile_builder.h. {0} is the state before the first
 * marker. */
#ifndef PMP_SAMPLING_STATS_H
#define PMP_SAMPLING_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/parse/marker.h"
#include "merger/profile/pause_stats.h"
#include "merger/profile/profile.h"

/* One target's figures, by the target's index in the profile. */
struct sampling_stats_target {
	uint32_t run; /* the last run that had this target */
	uint64_t planned, done;
	bool begun;           /* has a sample in that run */
	uint64_t begin_us;    /* of its last sample */
	uint64_t interval_us; /* from the sample before to the last one; 0: it is the first */
};

struct sampling_stats {
	struct sampling_stats_target *targets;
	size_t target_cap;
	/* the current run */
	uint32_t run;
	uint32_t host;    /* intern id */
	uint64_t samples; /* asked for each target; 0: unknown */
	bool begun, stopped;
	uint64_t last_us, run_pauses_us;
	/* all runs */
	struct pause_stats pauses;
	bool attached;
	uint64_t first_attach_us, attach_us; /* pauses of `attached`; attach_us: their sum */
	uint64_t intervals, intervals_us, elapsed_us, stopped_us;
};

void sampling_stats_deinit(struct sampling_stats *stats);
/* Takes a run, target, python, attached, begin, end, late, failed or stop marker, and adds the
 * target that it names to the profile. Other verbs are ignored. Only this module may add targets to
 * the profile. */
void sampling_stats_on_marker(struct sampling_stats *stats, struct profile *profile,
                              const struct marker *marker);
/* The time from the sample before to the last one of a target (index in the profile); 0:
 * unknown. */
uint64_t sampling_stats_interval(const struct sampling_stats *stats, size_t target);
/* Fills profile->sampling with the figures that are known only at the end. */
void sampling_stats_finish(struct sampling_stats *stats, struct profile *profile);

#endif
