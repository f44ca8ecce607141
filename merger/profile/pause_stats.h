/* pause_stats: the pause of each sample. All are stored, in four bytes each, so that percentiles
 * are exact. {0} is empty. */
#ifndef PMP_PAUSE_STATS_H
#define PMP_PAUSE_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "merger/profile/profile.h"

struct pause_stats {
	uint32_t *us; /* in the order of the samples; UINT32_MAX (71 minutes) at most */
	size_t count, cap;
	uint64_t sum;
};

void pause_stats_deinit(struct pause_stats *pauses);
void pause_stats_add(struct pause_stats *pauses, uint64_t us);
/* Sorts the pauses; no more may be added afterwards. */
struct profile_pause pause_stats_sum_up(struct pause_stats *pauses);

#endif
