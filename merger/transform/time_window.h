/* time_window: a profile cut to a part of its time, to threads on a CPU, or weighed anew, from its timeline.
 *
 * Weight by line, threads, marks, sampling figures and the timeline itself become the window's. A sample
 * is in it if it began at or after `from`, and before `to`; its CPU time is that since the sample before,
 * which may reach back out of the window. Target, start and text stay as they are. */
#ifndef PMP_TIME_WINDOW_H
#define PMP_TIME_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

struct time_window_edge {
	bool known;
	bool from_end; /* us is before the end of the run, not after its start */
	uint64_t us;
};

struct time_window {
	enum profile_weight weight;
	bool running; /* only threads that were on a CPU or waited for one (state R) */
	struct time_window_edge from, to;
};

/* Does nothing where the window is the profile as it is. false, and the profile is as it was: it has no
 * timeline, or that does not tell what the window asks for. */
bool time_window_apply(struct profile *profile, const struct time_window *window,
                       struct error *err);

#endif
