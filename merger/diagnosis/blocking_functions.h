/* blocking_functions: the functions in which a thread waits, by name, and for what: where neither the target's memory nor
 * the kernel tells, as in text from elsewhere and in cores. */
#ifndef PMP_BLOCKING_FUNCTIONS_H
#define PMP_BLOCKING_FUNCTIONS_H

#include "merger/diagnosis/snapshot.h"

/* Is it one of these functions? Then it is not where the program itself is. */
bool blocking_function_is(struct span name);
/* A name without what libc puts before it: "clock_nanosleep" of "__GI___clock_nanosleep". */
struct span blocking_function_bare(struct span name);

/* Fills in what a thread waits for (its wait's kind, its call's class) where that is not known, by the names of its
 * innermost functions. */
void blocking_functions_infer(struct snapshot *snapshot);

#endif
