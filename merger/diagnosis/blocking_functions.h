/* blocking_functions: infers from function names that a thread waits, and for what. It is used
 * where neither the target's memory nor the kernel reports it: for text of other programs and
 * for core files. */
#ifndef PMP_BLOCKING_FUNCTIONS_H
#define PMP_BLOCKING_FUNCTIONS_H

#include "merger/diagnosis/snapshot.h"

/* Is it one of the blocking functions? Those are not shown as the program's own place. */
bool blocking_function_is(struct span name);
/* The name without glibc's prefix: "clock_nanosleep" for "__GI___clock_nanosleep". */
struct span blocking_function_bare(struct span name);

/* Sets the kind of a thread's wait and the class of its system call, if unknown, by the names of
 * its innermost functions. */
void blocking_functions_infer(struct snapshot *snapshot);

#endif
