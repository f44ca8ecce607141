/* progress_line: one line on stderr, written over itself, gone at the end. */
#ifndef PMP_PROGRESS_LINE_H
#define PMP_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/build/profile_builder.h"

struct progress_line {
	bool on; /* false: nothing is shown, and every call does nothing */
	bool on_screen;
	uint64_t asked; /* samples over all targets, 0: not known */
};

/* Shown if stderr is a terminal. */
void progress_line_init(struct progress_line *line, bool quiet, uint64_t asked);
/* seconds_left less than 0: the run has not begun. */
void progress_line_show(struct progress_line *line, const struct profile_builder_progress *progress,
                        double seconds_left);
/* Takes the line away, for something else to be printed. */
void progress_line_erase(struct progress_line *line);

#endif
