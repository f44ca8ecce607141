/* sampling_stats: what the markers say of a recording: samples asked, taken, late and failed, its rate, its
 * length, its pauses. The rules are in profile_builder.h. {0} is the state before the first marker. */
#ifndef PMP_SAMPLING_STATS_H
#define PMP_SAMPLING_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/parse/marker.h"
#include "merger/profile/pause_stats.h"
#include "merger/profile/profile.h"

/* One target's part, side by side with the profile's targets. */
struct sampling_stats_target {
	uint32_t run; /* the last run that it had a part in */
	uint64_t planned, done;
	bool begun;           /* in that run */
	uint64_t begin_us;    /* of the last sample */
	uint64_t interval_us; /* from the one before to it; 0: it is the first */
};

struct sampling_stats {
	struct sampling_stats_target *targets;
	size_t target_cap;
	/* the run that is being read */
	uint32_t run;
	uint32_t host;    /* intern id */
	uint64_t samples; /* asked of each target; 0: not told */
	bool begun, stopped;
	uint64_t last_us, run_pauses_us;
	/* all runs */
	struct pause_stats pauses;
	bool attached;
	uint64_t first_attach_us, attach_us; /* pauses of attaches; attach_us: all of them */
	uint64_t intervals, intervals_us, elapsed_us, stopped_us;
};

void sampling_stats_deinit(struct sampling_stats *sampling);
/* Takes a run, target, python, begin, end, late, failed or stop marker (and makes the profile's target
 * for one that names it); other verbs do nothing. No one else may add targets to the profile. */
void sampling_stats_on_marker(struct sampling_stats *sampling, struct profile *profile,
                              const struct marker *marker);
/* Time from the sample before to the one that has begun last, of the profile's i-th target; 0: none was. */
uint64_t sampling_stats_interval(const struct sampling_stats *sampling, size_t target);
/* Fills in what is known at the end only. */
void sampling_stats_finish(struct sampling_stats *sampling, struct profile *profile);

#endif
