/* gdb_noise: a table of lines that gdb prints around a backtrace and that are not part of a
 * stack. */
#ifndef PMP_GDB_NOISE_H
#define PMP_GDB_NOISE_H

#include <stdbool.h>

#include "merger/base/span.h"

/* True if text (without prefixes) can be ignored: banners, warnings, events, source lines,
 * registers, library lists, the end of a backtrace ... */
bool gdb_noise_is_known(struct span text);

/* True for lines that python-gdb prints between Python frames, or instead of one that it cannot
 * read. *doing is what the line tells of the thread, or empty: "waits for the GIL". */
bool gdb_noise_is_python_note(struct span text, struct span *doing);

/* True for a variable of "bt full": "name = value", or the wrapped rest of one (deeply
 * indented). */
bool gdb_noise_is_local(struct span text, size_t indent);

#endif
