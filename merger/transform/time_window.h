/* time_window: cuts a profile to a part of its run, to threads on a CPU, or changes its weight.
 * It uses the timeline.
 *
 * Tree, threads, marks, sampling figures and the timeline become those of the window. A sample
 * is in the window if it began at or after `from` and before `to`. Its CPU time is the time
 * since the previous sample, which may be before the window. Targets, start and text counts are
 * not changed. */
#ifndef PMP_TIME_WINDOW_H
#define PMP_TIME_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

struct time_window_edge {
	bool known;
	bool from_end; /* us counts back from the end of the run */
	uint64_t us;
};

struct time_window {
	enum profile_weight weight;
	bool running; /* only threads in state R: on a CPU or waiting for one */
	struct time_window_edge from, to;
};

/* Does nothing if the window is the whole profile. false: the profile is not changed, because it
 * has no timeline, or the timeline lacks the data that the window needs. */
bool time_window_apply(struct profile *profile, const struct time_window *window,
                       struct error *err);

#endif
