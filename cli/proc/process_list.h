/* process_list: the processes that one may look at, for completion. */
#ifndef PMP_PROCESS_LIST_H
#define PMP_PROCESS_LIST_H

#include <stdio.h>

/* A line for each: pid, a tab, and the start of its command line; root's are all, another user's are his own.
 * Kernel threads and pmp itself are left out. */
void process_list_print(FILE *out);

#endif
