/* frame_table: the distinct frames of a tree, by number. A node has a frame; a stack has steps: a
 * frame and the line that it was at. */
#ifndef PMP_FRAME_TABLE_H
#define PMP_FRAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "merger/base/hash_index.h"
#include "merger/profile/frame.h"

struct frame_step {
	uint32_t frame; /* index in frames */
	uint32_t line;
};

/* {.by_line = ..} is empty. Frame 0 is the root's, which no step has. */
struct frame_table {
	bool by_line;         /* frames that differ only in `line` are different ones */
	struct frame *frames; /* line: 0 without by_line */
	size_t count, cap;
	struct frame_step *steps;
	size_t step_count, step_cap;
	struct hash_index frame_index, step_index;
};

void frame_table_init(struct frame_table *ret, bool by_line);
void frame_table_deinit(struct frame_table *table);

/* The number of the frame's step. Adds the step, and its frame, if it is new. */
uint32_t frame_table_number(struct frame_table *table, const struct frame *frame);

/* True if it is the step of this frame. Compares frames as bytes up to their lines: they have no
 * padding. */
static inline bool frame_table_is_step(const struct frame_table *table, uint32_t number,
                                       const struct frame *frame)
{
	const struct frame_step *step = &table->steps[number];
	const struct frame *known = &table->frames[step->frame];

	return step->line == frame->line && known->kind == frame->kind &&
	       !memcmp(known, frame, offsetof(struct frame, line));
}

#endif
