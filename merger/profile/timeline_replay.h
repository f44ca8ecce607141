/* timeline_replay: how each thread of a timeline stands while its reader goes from sample to sample, and in how many samples
 * it has stood so. A timeline tells a thread's entry only where it changes: what that weighs is known when it ends.
 *
 * The reader asks timeline_replay_samples for a thread before it sets the thread's entry to what a sample changes it to, and
 * adds the sample to its target's afterwards, or not, if it does not count. */
#ifndef PMP_TIMELINE_REPLAY_H
#define PMP_TIMELINE_REPLAY_H

#include <stdint.h>

#include "merger/profile/profile.h"

struct timeline_replay_thread {
	struct timeline_entry entry; /* for the reader to set */
	uint64_t since;              /* of its target's samples: up to there they are taken */
};

struct timeline_replay {
	const struct timeline *timeline;
	struct timeline_replay_thread *threads; /* by slot */
	uint64_t *samples; /* by target: those that count, for the reader to add to */
};

/* Before the first sample: nobody is there. */
void timeline_replay_init(struct timeline_replay *ret, const struct timeline *timeline);
void timeline_replay_deinit(struct timeline_replay *standings);

/* In how many samples the thread has stood in its entry that were not taken before; 0 if it is not there. */
uint64_t timeline_replay_samples(struct timeline_replay *standings, uint32_t slot);

/* What an entry weighs in each of its samples. */
static inline uint64_t timeline_replay_weight(const struct timeline_entry *entry,
                                              enum profile_weight weight)
{
	return weight == PROFILE_CPU_US ? entry->cpu_us : 1;
}

#endif
