/* version: of pmp, and of what it finds: gdb and the Python inside gdb. */
#ifndef PMP_VERSION_H
#define PMP_VERSION_H

#include <stdbool.h>

#include "cli/options/options.h"

#ifndef PMP_VERSION
#define PMP_VERSION "0.1.0"
#endif

/* Prints them on stdout. That gdb or its Python is missing is said there; it is no error. */
bool version_print(const struct options *options, struct error *err);

#endif
