/* pymerge: merges one stack's native and Python frames into one stack, root first. */
#ifndef PMP_PYMERGE_H
#define PMP_PYMERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/profile/frame.h"
#include "merger/profile/merge_quality.h"
#include "merger/base/intern.h"
#include "merger/parse/raw_stack.h"

struct pymerge_options {
	bool glue;     /* keep glue and all start-up frames */
	bool suffixes; /* native functions have the suffixes of their symbols (symbol_suffix.h) */
};

struct pymerge; /* owns the buffers */

struct pymerge *pymerge_create(struct intern *intern, const struct pymerge_options *options);
void pymerge_destroy(struct pymerge *pymerge);

/* The functions of this module, an intern id, serve Python: it is an interpreter or an extension
 * module. That of an evaluator's frame needn't be told. */
void pymerge_add_python_module(struct pymerge *pymerge, uint32_t module);

/* Sets *frames to the merged stack (root first, never empty, valid until the next call) and returns
 * the quality of the merge. The result has all frames except glue, start-up (but for the root) and
 * the evaluators that Python frames replace. */
enum merge_quality pymerge_stack(struct pymerge *pymerge, const struct raw_stack *stack,
                                 const struct frame **frames, size_t *count);

#endif
