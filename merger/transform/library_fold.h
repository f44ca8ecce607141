/* library_fold: replaces adjacent frames of libraries by one frame, "json (7 frames hidden)".
 * The caller first passes all stacks to library_fold_observe, so that the numbers are known, and
 * then shortens each with library_fold_apply. */
#ifndef PMP_LIBRARY_FOLD_H
#define PMP_LIBRARY_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/intern.h"
#include "merger/profile/frame.h"

struct library_fold;

/* counted: the new frame has the number of hidden frames; otherwise it is "json (frames
 * hidden)". */
struct library_fold *library_fold_create(struct intern *intern, bool counted);
void library_fold_destroy(struct library_fold *fold);

/* A stack, root first. */
void library_fold_observe(struct library_fold *fold, const struct frame *frames, size_t count);
/* To be called after the last library_fold_observe. */
void library_fold_finish(struct library_fold *fold);
/* Shortens a stack in place and returns its new length. Library frames that are called from one
 * place and begin in the same library become one frame, with the number of different calls below
 * that place. A single library frame is not replaced, and neither are frames of a stack that was
 * not observed. */
size_t library_fold_apply(struct library_fold *fold, struct frame *frames, size_t count);

#endif
