/* library_fold: frames of libraries that call each other become one frame, "json (7 frames hidden)": all stacks are seen
 * first, so that it's known how many there are, then each is made shorter. */
#ifndef PMP_LIBRARY_FOLD_H
#define PMP_LIBRARY_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/profile/frame.h"
#include "merger/base/intern.h"

struct library_fold;

/* counted: the frame says how many it stands for; "json (frames hidden)" otherwise. */
struct library_fold *library_fold_create(struct intern *intern, bool counted);
void library_fold_destroy(struct library_fold *fold);

/* A stack, root first. */
void library_fold_observe(struct library_fold *fold, const struct frame *frames, size_t count);
/* Behind the last one that was seen. */
void library_fold_finish(struct library_fold *fold);
/* Makes a stack shorter, in place; returns what it has then. Frames of libraries that are called from one
 * place, and begin in the same library, are one frame, with the number of different calls below that place; a single one stays
 * as it is, and so do frames of a stack that was not seen. */
size_t library_fold_apply(struct library_fold *fold, struct frame *frames, size_t count);

#endif
