/* path_argument: a path in the target's memory. The path itself is never looked up: that could wait
 * for the same server as the target. */
#ifndef PMP_PATH_ARGUMENT_H
#define PMP_PATH_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"

#define PATH_ARGUMENT_MAX 4096 /* PATH_MAX, with NUL */

/* Reads a string of the target. false: it is unreadable or too long. */
bool path_argument_read(uint32_t pid, uint64_t address, char ret[static PATH_ARGUMENT_MAX]);
/* Appends it in quotes; the middle of a long one is left out. */
void path_argument_show(const char *text, struct buf *ret);
/* Appends the absolute path, without ".", ".." and "//": as the target sees it, relative to its
 * root. folder: the descriptor that a relative path starts at, or AT_FDCWD. Nothing is appended if
 * that is unknown. */
void path_argument_resolve(uint32_t pid, int32_t folder, const char *text, struct buf *ret);

#endif
