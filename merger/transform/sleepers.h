/* sleepers: threads that used less than 1 % of a CPU while another one used more than 10 %. */
#ifndef PMP_SLEEPERS_H
#define PMP_SLEEPERS_H

#include "merger/profile/thread_stacks.h"

/* Clears wanted[i] of each group i that slept, and returns the number of those cleared. A thread
 * that was in state D in a sample did not sleep. Nothing is done without a timeline with CPU times.
 */
size_t sleepers_leave_out(const struct thread_stacks *stacks, bool *wanted);

#endif
