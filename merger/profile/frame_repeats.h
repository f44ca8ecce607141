/* frame_repeats: recursion in a stack: a function, or a cycle of functions, that follows itself
 * several times, so that a report can show it once with a count. */
#ifndef PMP_FRAME_REPEATS_H
#define PMP_FRAME_REPEATS_H

#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/profile/frame.h"

struct frame_repeats {
	size_t period; /* frames of the cycle, at least 1 */
	size_t count;  /* how often they are there; 1: not repeated */
};

/* The cycle that begins with frames[at], of which at least three frames need not be shown. Frames
 * are equal if their functions are; their lines may differ. */
struct frame_repeats frame_repeats_find(const struct frame *const *frames, size_t count, size_t at);

/* Appends "(the same function 41 more times)". */
void frame_repeats_describe(struct buf *out, struct frame_repeats repeats);

#endif
