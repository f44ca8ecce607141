/* pymerge: one stack's native and Python frames -> one merged stack, root first, with its mark. */
#ifndef PMP_PYMERGE_H
#define PMP_PYMERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/profile/frame.h"
#include "merger/base/intern.h"
#include "merger/parse/raw_stack.h"

enum merge_mark {
	MARK_MERGED, /* every evaluator frame has its Python frames; one being entered or left need not */
	MARK_NATIVE_ONLY, /* no Python frame in it, though there may be evaluator frames; or kernel frames only */
	MARK_PYTHON_ONLY, /* no native frame was there */
	MARK_PARTIAL, /* some evaluator frames have no Python frames, or Python frames are left over */
	MARK_UNPAIRED, /* both are there, and nothing says how they belong together: Python's first, then native */
	MARK_LOST, /* no frame at all: one frame of kind lost says why */
	MARK_COUNT
};

struct pymerge_options {
	bool glue; /* keep glue and start-up frames */
};

struct pymerge; /* holds the buffers */

struct pymerge *pymerge_create(struct intern *intern, const struct pymerge_options *options);
void pymerge_destroy(struct pymerge *pymerge);

/* Fills *frames (root first, never empty; valid until the next call) and returns the mark.
 * No frame is lost but glue, start-up and the evaluators that Python frames take the place of. */
enum merge_mark pymerge_stack(struct pymerge *pymerge, const struct stack *stack,
                              const struct frame **frames, size_t *count);

#endif
