/* version: the versions of pmp, of gdb and of the Python inside gdb. */
#ifndef PMP_VERSION_H
#define PMP_VERSION_H

#include <stdbool.h>

#include "cli/options/options.h"

#ifndef PMP_VERSION
#define PMP_VERSION "0.1.0"
#endif

/* Prints them to stdout. A missing gdb or Python is printed, too, and is not an error. */
bool version_print(const struct options *options, struct error *err);

#endif
