/* source_lines: reads lines of a target's source files; paths are relative to the target's root. */
#ifndef PMP_SOURCE_LINES_H
#define PMP_SOURCE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"

/* Longer files are not read. */
#define SOURCE_BYTES_MAX (8u << 20)

struct source_file;

/* {0} at first. */
struct source_lines {
	struct source_file *files; /* the files that were requested, readable or not */
	size_t count, cap;
};

void source_lines_deinit(struct source_lines *lines);

/* Gets line `number` (the first is 1) of `file`, without its newline. A relative path starts at the
 * target's current directory. *ret is valid as long as `lines`. false: the file is unreadable, is
 * no regular file, or has no such line. */
bool source_lines_get(struct source_lines *lines, uint32_t pid, struct span file, uint32_t number,
                      struct span *ret);

#endif
