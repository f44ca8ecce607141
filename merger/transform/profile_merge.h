/* profile_merge: adds profiles. The sum does not depend on order or grouping: the written file
 * has the same bytes for (a + b) + c, with a + b written to a file and read again, and for a +
 * (c + b).
 *
 * tree          node by node and line by line; by line only if all profiles are. If one profile is
 *               made of collapsed stacks, functions are matched by name and base file name in all
 * targets       each once; targets that differ in pid, host, program or command line are different
 * threads       by host, pid and tid; of several names the first in byte order
 * stacks, text  added
 * samples       asked, taken, late, failed and seconds are added, but are known only if all
 *               profiles have them. started: the earliest; rate: only if it is the same in all;
 *               pauses and stopped share: the worst of any run
 * modules       the build id is unknown if it is not the same in all profiles
 * notes         each once
 * timeline      none: the runs were at different times
 *
 * Targets, modules and notes are sorted. The memory needed depends on how much the profiles
 * differ. */
#ifndef PMP_PROFILE_MERGE_H
#define PMP_PROFILE_MERGE_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"

/* {0} is the empty sum. */
struct profile_merge {
	struct profile *sum;
	/* LEVEL_BITs (levels.h) of hosts and processes that the sum's tree gets at its top, even
	 * if the profiles lack them. Threads are a level only if the profiles have them
	 * (profile_filter.h adds them). */
	unsigned levels;
	unsigned identity; /* private: the IDENTITY_ bits (tree_merge.h) of all profiles so far */
};

/* Adds `from`, which is finished and is not changed. A level's name is taken from `from` if that
 * has only one host or process, or separates them. false: *err is ERROR_INPUT because the
 * weights differ or the numbers are too large; the sum must not be used then. name: of the
 * input, for the message. */
bool profile_merge_add(struct profile_merge *merge, const struct profile *from, const char *name,
                       struct error *err);
/* Returns the sum, finished and sorted; the caller destroys it. NULL: nothing was added. */
struct profile *profile_merge_finish(struct profile_merge *merge);
void profile_merge_deinit(struct profile_merge *merge);

#endif
