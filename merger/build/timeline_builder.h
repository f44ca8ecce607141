/* timeline_builder: fills a profile's timeline from the stacks and markers of a text, in their
 * order. The rules are in profile_builder.h. */
#ifndef PMP_TIMELINE_BUILDER_H
#define PMP_TIMELINE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/parse/marker.h"
#include "merger/profile/profile.h"
#include "merger/build/sampling_stats.h"
#include "merger/parse/raw_stack.h"

struct timeline_builder;

struct timed_stack {
	uint32_t leaf;              /* node of the tree */
	const struct frame *frames; /* root first, without the process */
	size_t count;
	enum merge_quality quality;
	bool lost;
};

/* Keeps both arguments. max: of timeline_create; 0: TIMELINE_BYTES_MAX. */
struct timeline_builder *timeline_builder_create(struct profile *profile,
                                                 const struct sampling_stats *sampling, size_t max);
/* Does not destroy the timeline, which belongs to the profile. */
void timeline_builder_destroy(struct timeline_builder *builder);

/* thread: the profile's thread of facts. */
void timeline_builder_stack(struct timeline_builder *builder, const struct profile_thread *thread,
                            const struct stack_thread *facts, const struct timed_stack *stack);
/* Called after sampling_stats_on_marker. */
void timeline_builder_on_marker(struct timeline_builder *builder, const struct marker *marker);
void timeline_builder_end_input(struct timeline_builder *builder);
/* Adds notes on what the timeline lacks. Removes the timeline if the text has no times at all. */
void timeline_builder_finish(struct timeline_builder *builder);

#endif
