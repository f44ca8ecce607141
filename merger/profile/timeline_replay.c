#include "merger/profile/timeline_replay.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void timeline_replay_init(struct timeline_replay *ret, const struct timeline *timeline)
{
	*ret = (struct timeline_replay){
		.timeline = timeline,
		.threads = alloc_zeroed(timeline->slot_count, sizeof(*ret->threads)),
		.samples = alloc_zeroed(timeline->target_count, sizeof(*ret->samples)),
	};
}

void timeline_replay_deinit(struct timeline_replay *standings)
{
	free(standings->threads);
	free(standings->samples);
	*standings = (struct timeline_replay){ 0 };
}

uint64_t timeline_replay_samples(struct timeline_replay *standings, uint32_t slot)
{
	struct timeline_replay_thread *thread = &standings->threads[slot];
	uint64_t now = standings->samples[standings->timeline->slots[slot].target];
	uint64_t ret = thread->entry.stack != TIMELINE_ROOT ? now - thread->since : 0;

	thread->since = now;
	return ret;
}
