/* progress_line: one line on stderr, written over itself, gone at the end. */
#ifndef PMP_PROGRESS_LINE_H
#define PMP_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/build/profile_builder.h"

struct progress {
	bool on; /* false: nothing is shown, and every call does nothing */
	bool shown;
	uint64_t asked; /* samples over all targets, 0: not known */
};

/* Shown if stderr is a terminal. */
void progress_init(struct progress *progress, bool quiet, uint64_t asked);
/* seconds_left less than 0: the run has not begun. */
void progress_show(struct progress *progress, const struct builder_progress *so_far,
                   double seconds_left);
/* Takes the line away, for something else to be printed. */
void progress_erase(struct progress *progress);

#endif
