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

void timeline_replay_deinit(struct timeline_replay *replay)
{
	free(replay->threads);
	free(replay->samples);
	*replay = (struct timeline_replay){ 0 };
}

uint64_t timeline_replay_samples(struct timeline_replay *replay, uint32_t slot)
{
	struct timeline_replay_thread *thread = &replay->threads[slot];
	uint64_t now = replay->samples[replay->timeline->slots[slot].target];
	uint64_t ret = thread->entry.stack != TIMELINE_ROOT ? now - thread->since : 0;

	thread->since = now;
	return ret;
}
