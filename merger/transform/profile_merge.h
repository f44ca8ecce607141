/* profile_merge: adds profiles up. In whichever order and grouping that's done, the sum is the same, byte for byte when it is
 * written: (a + b) + c, with a + b written to a file and read again between, as a + (c + b).
 *
 *	tree		node by node, and line by line; told apart by line if all of them are. Where one is of collapsed stacks,
 *			all are taken for such: these name a function's file without its folder
 *	targets		each once: those that differ in pid, host, program or command line are different ones
 *	threads		by host, pid and tid; one that had several names has the first of them in the order of the bytes
 *	stacks, text	added
 *	samples		asked, taken, late, failed and seconds are added; known only if they are of all. The start is the earliest;
 *			the rate what all have in common. Of pauses, and the share stopped, the worst of any run: no figure of the sum
 *			would be larger
 *	modules		a build id that is not the same everywhere is not known
 *	notes		each once
 *	timeline	none: runs were at different times
 *
 * Targets, modules and notes are sorted. Memory goes by what is different in the profiles. */
#ifndef PMP_PROFILE_MERGE_H
#define PMP_PROFILE_MERGE_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

/* {0} is the sum of nothing. */
struct profile_merge {
	struct profile *sum;
	/* LEVEL_BITs (levels.h) of hosts and processes, which the sum's tree is to have at its top, whether the profiles' have
	 * them or not. Threads a profile has, or is given by profile_filter.h. */
	unsigned levels;
	unsigned tells; /* profile_merge_add's own: TELLS_ of tree_merge.h, of all */
};

/* Adds `from`, which is finished, and stays as it is. What a level is called is taken from `from`, where it has but one host
 * or process, or tells of each. false: *err is ERROR_INPUT: its weight is not the sum's, or the numbers are too large; the sum is
 * not to be used then. name: of the input, for that. */
bool profile_merge_add(struct profile_merge *merge, const struct profile *from, const char *name,
                       struct error *err);
/* The sum, finished and sorted, is the caller's; NULL: nothing was added. */
struct profile *profile_merge_finish(struct profile_merge *merge);
void profile_merge_deinit(struct profile_merge *merge);

#endif
