#include "merger/profile/timeline_replay.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

void standings_init(struct standings *ret, const struct timeline *timeline)
{
	*ret = (struct standings){
		.timeline = timeline,
		.threads = alloc_zeroed(timeline->slot_count, sizeof(*ret->threads)),
		.samples = alloc_zeroed(timeline->target_count, sizeof(*ret->samples)),
	};
}

void standings_deinit(struct standings *standings)
{
	free(standings->threads);
	free(standings->samples);
	*standings = (struct standings){ 0 };
}

uint64_t standings_take(struct standings *standings, uint32_t slot)
{
	struct standing *thread = &standings->threads[slot];
	uint64_t now = standings->samples[standings->timeline->slots[slot].target];
	uint64_t ret = thread->entry.stack != TIMELINE_ROOT ? now - thread->since : 0;

	thread->since = now;
	return ret;
}
