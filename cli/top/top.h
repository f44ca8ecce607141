/* top: `pmp top`, the live view. Errors: *err, whose code is the exit code. */
#ifndef PMP_TOP_H
#define PMP_TOP_H

#include <stdbool.h>

struct options;
struct error;

bool cmd_top(const struct options *options, struct error *err);

#endif
