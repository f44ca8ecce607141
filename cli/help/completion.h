/* completion: `pmp completion`, which prints the completion script for a shell. */
#ifndef PMP_COMPLETION_H
#define PMP_COMPLETION_H

#include <stdbool.h>

struct options;
struct error;

/* false: *err, whose code is the exit code. */
bool cmd_completion(const struct options *options, struct error *err);

#endif
