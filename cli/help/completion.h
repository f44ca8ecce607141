/* completion: `pmp completion`, the scripts for shells. Errors: *err, whose code is the exit code. */
#ifndef PMP_COMPLETION_H
#define PMP_COMPLETION_H

#include <stdbool.h>

struct options;
struct error;

bool cmd_completion(const struct options *options, struct error *err);

#endif
