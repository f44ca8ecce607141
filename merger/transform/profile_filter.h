/* profile_filter: a profile seen in another way: a part of its stacks, fewer frames, the other end up. What goes in is a profile, what
 * comes out is one, so every format shows it, and it can be saved, merged and compared.
 *
 * In this order: threads that are not meant are left out; stacks without a frame that `focus` names are; frames that `hide`
 * names are taken out; a library's frames become one; the stacks are inverted; and cut at a depth. The weight of what is
 * left out is in profile->left_out; marks, threads and sampling's figures stay those of the whole. The timeline is seen in the
 * same way: a thread whose stack is left out is not there at that time.
 *
 * Stacks come from the timeline, each frame with its line; without one they are the tree's paths, and a frame's line
 * is known where all of its node's weight lies on one. */
#ifndef PMP_PROFILE_FILTER_H
#define PMP_PROFILE_FILTER_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

struct profile_filter {
	/* Extended regular expressions; NULL: none. They're searched for in a frame's name, file and module. */
	const char *focus, *hide;
	const char *thread; /* in a thread's name; or it's a thread's number */
	bool threads;       /* the thread is a level of the tree, if it was none */
	bool lines;         /* the tree is by line, if it was not */
	bool fold_library; /* "json (7 frames hidden)" for frames of libraries that call each other */
	bool uncounted; /* without the number, in which places that are to be one differ: of profiles that are added up
	                 * or compared, in a table, or from the other end */
	bool invert; /* what ran is the root, its callers are below it */
	unsigned
	        depth; /* so many frames of a stack, and one that says that there are more; 0: all */
};

/* Does nothing where the view changes nothing. false, and the profile is as it was: ERROR_USAGE for a bad regular expression,
 * ERROR_INPUT where the profile does not tell threads, or lines, apart. */
bool profile_filter_apply(struct profile *profile, const struct profile_filter *view,
                          struct error *err);
bool profile_filter_changes(const struct profile_filter *view);

#endif
