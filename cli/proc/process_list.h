/* process_list: lists the processes that the user may sample, for shell completion. */
#ifndef PMP_PROCESS_LIST_H
#define PMP_PROCESS_LIST_H

#include <stdio.h>

/* Prints a line for each process: pid, a tab, and the start of its command line. root gets all
 * processes, other users get their own. Kernel threads, zombies and pmp itself are left out. */
void process_list_print(FILE *out);

#endif
