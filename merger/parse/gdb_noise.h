/* gdb_noise: lines that gdb prints around a backtrace, and that say nothing of a stack. One table. */
#ifndef PMP_GDB_NOISE_H
#define PMP_GDB_NOISE_H

#include <stdbool.h>

#include "merger/base/span.h"

/* True if text (without prefixes) is known to be of no use: banners, warnings, events, source lines,
 * registers, library lists, the end of a backtrace ... */
bool gdb_noise_is_known(struct span text);

/* What python-gdb prints in the place of a Python frame that it could not read, or between them. */
bool gdb_noise_is_python_note(struct span text);

/* A variable of "bt full": "name = value", or the rest of one that was wrapped (deeply indented). */
bool gdb_noise_is_local(struct span text, size_t indent);

#endif
