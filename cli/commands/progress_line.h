/* progress_line: a line on stderr that is overwritten by the next one and erased at the end. */
#ifndef PMP_PROGRESS_LINE_H
#define PMP_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/build/profile_builder.h"

struct progress_line {
	bool on; /* false: every call does nothing */
	bool on_screen;
	uint64_t asked; /* samples, for all targets together; 0: unlimited or unknown */
};

/* Switched on if stderr is a terminal and not quiet. */
void progress_line_init(struct progress_line *line, bool quiet, uint64_t asked);
/* seconds_left < 0: sampling has not begun. */
void progress_line_show(struct progress_line *line, const struct profile_builder_progress *progress,
                        double seconds_left);
/* Erases the line, so that other text can be printed. */
void progress_line_erase(struct progress_line *line);

#endif
