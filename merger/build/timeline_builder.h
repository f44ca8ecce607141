/* timeline_builder: fills a profile's timeline from the stacks and markers of a text, as these come. The rules
 * are in profile_builder.h. */
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
	uint32_t leaf;              /* its node */
	const struct frame *frames; /* root first, without its process */
	size_t count;
	enum merge_quality mark;
	bool lost;
};

/* Borrows both. max: of timeline_create; 0: TIMELINE_BYTES_MAX. */
struct timeline_builder *timeline_builder_create(struct profile *profile,
                                                 const struct sampling_stats *sampling, size_t max);
/* The profile's timeline stays the profile's. */
void timeline_builder_destroy(struct timeline_builder *keeper);

/* thread: the profile's, of `told`. */
void timeline_builder_stack(struct timeline_builder *keeper, const struct profile_thread *thread,
                            const struct stack_thread *told, const struct timed_stack *stack);
/* After the sampling and the tree have taken it. */
void timeline_builder_on_marker(struct timeline_builder *keeper, const struct marker *marker);
void timeline_builder_end_input(struct timeline_builder *keeper);
/* Notes what is not in the timeline; takes away one of a text that tells no time at all. */
void timeline_builder_finish(struct timeline_builder *keeper);

#endif
