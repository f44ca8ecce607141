/* run_summary: the lines under the tree: what was asked and got, what could be merged, what it cost. */
#ifndef PMP_RUN_SUMMARY_H
#define PMP_RUN_SUMMARY_H

#include <stdio.h>

#include "merger/profile/profile.h"

/* Three lines, and one for each note. What is not known is said not to be. */
void run_summary_write(const struct profile *profile, FILE *out);

#endif
