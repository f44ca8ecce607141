/* pause_stats: for how long each sample stopped its target. Four bytes a sample, so that no percentile is
 * a guess. {0} is empty. */
#ifndef PMP_PAUSE_STATS_H
#define PMP_PAUSE_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "merger/profile/profile.h"

struct pause_stats {
	uint32_t
	        *us; /* in the order of the samples; what does not fit is UINT32_MAX (71 minutes) */
	size_t count, cap;
	uint64_t sum;
};

void pause_stats_deinit(struct pause_stats *pauses);
void pause_stats_add(struct pause_stats *pauses, uint64_t us);
/* Sorts them: nothing may be added after it. */
struct profile_pause pause_stats_sum_up(struct pause_stats *pauses);

#endif
