/* profile_filter: changes what a profile shows: fewer stacks, fewer frames, or inverted stacks.
 * The result is a profile, so that every format can show it, and it can be saved, merged and
 * compared.
 *
 * The steps, in this order: remove threads that do not match `thread` or `awake`; remove stacks
 * without a frame that matches `focus`; remove frames that match `hide`; fold library frames;
 * invert the stacks; cut them at `depth`. The weight of removed stacks is added to left_out;
 * marks, threads and sampling figures stay those of the whole profile. In the timeline, a thread
 * is absent while its stack is removed.
 *
 * Stacks come from the timeline, and each frame has its line. Without a timeline they are the
 * tree's paths, and a frame's line is known only if all weight of its node is on one line. */
#ifndef PMP_PROFILE_FILTER_H
#define PMP_PROFILE_FILTER_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

struct profile_filter {
	/* Extended regular expressions, searched for in a frame's name, file and module. NULL:
	 * none. */
	const char *focus, *hide;
	const char *thread; /* regular expression for the thread's name, or the thread's number */
	/* Leave out threads that used less than a hundredth of a CPU and were never in state D, if
	 * another one used a tenth. Needs CPU times in the timeline; without, nothing is left
	 * out. */
	bool awake;
	bool threads;      /* add the thread as a level of the tree */
	bool lines;        /* make the tree by line */
	bool fold_library; /* replace adjacent library frames by "json (7 frames hidden)" */
	/* Omit the number of hidden frames. The number differs between places that are to become
	 * one: in profiles that are merged or compared, in a table, in inverted stacks. */
	bool uncounted;
	bool invert;    /* leaf functions become the root, with their callers below */
	unsigned depth; /* keep so many frames of a stack and add "(deeper)"; 0: all */
};

/* Does nothing if the filter changes nothing. false: the profile is not changed; ERROR_USAGE for
 * a bad regular expression, ERROR_INPUT if the profile does not separate threads, or lines. */
bool profile_filter_apply(struct profile *profile, const struct profile_filter *filter,
                          struct error *err);
bool profile_filter_changes(const struct profile_filter *filter);

#endif
