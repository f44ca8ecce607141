/* ending_functions: functions by which a process ends itself when it finds an error (abort, failed
 * assertions, panics), and functions of libc and of language runtimes, in which such an error is
 * found but not made. */
#ifndef PMP_ENDING_FUNCTIONS_H
#define PMP_ENDING_FUNCTIONS_H

#include "merger/diagnosis/snapshot.h"

/* What the function says about the end: "an assertion failed". NULL: it is another function. */
const char *ending_function_words(struct span name);
/* Does it end the process only if one of these functions is called below? An exception that is
 * thrown may be caught. */
bool ending_function_is_caller(struct span name);

/* Is it a frame of libc, or of the runtime of C++, Rust, Go or CPython? */
bool ending_function_is_runtime(const struct snapshot *snapshot, const struct frame *frame);

#endif
