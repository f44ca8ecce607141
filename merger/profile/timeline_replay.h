/* timeline_replay: replays a timeline. Entries are stored only where they change, so an entry's
 * number of samples is known when the next change comes.
 *
 * For each change of a sample the reader calls timeline_replay_samples and then sets the thread's
 * entry. Afterwards it adds the sample to its target's `samples`, if the sample counts. */
#ifndef PMP_TIMELINE_REPLAY_H
#define PMP_TIMELINE_REPLAY_H

#include <stdint.h>

#include "merger/profile/profile.h"

struct timeline_replay_thread {
	struct timeline_entry entry; /* set by the reader */
	uint64_t since;              /* its target's samples that are already counted */
};

struct timeline_replay {
	const struct timeline *timeline;
	struct timeline_replay_thread *threads; /* by slot */
	uint64_t *samples; /* by target: the samples that count; raised by the reader */
};

/* The state before the first sample, without threads. */
void timeline_replay_init(struct timeline_replay *ret, const struct timeline *timeline);
void timeline_replay_deinit(struct timeline_replay *replay);

/* The number of samples with the thread's current entry since the last call for this thread; 0 if
 * it is not there. */
uint64_t timeline_replay_samples(struct timeline_replay *replay, uint32_t slot);

/* The weight of an entry in each of its samples. */
static inline uint64_t timeline_replay_weight(const struct timeline_entry *entry,
                                              enum profile_weight weight)
{
	return weight == PROFILE_CPU_US ? entry->cpu_us : 1;
}

#endif
