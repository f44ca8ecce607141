/* run_summary: the lines below a tree or a table: samples, stacks, pauses, errors of
 * percentages. */
#ifndef PMP_RUN_SUMMARY_H
#define PMP_RUN_SUMMARY_H

#include <stdio.h>

#include "merger/profile/profile.h"
#include "merger/stats/tree_error.h"

/* At least three lines, and one for each note. Unknown values are written as "not known". */
void run_summary_write(const struct profile *profile, FILE *out);
/* The meaning of the intervals, and a note if the order of the heaviest functions may be chance. */
void run_summary_write_errors(const struct tree_error *tree_error, FILE *out);

#endif
