/* source_lines: lines of a target's source files, as the target sees them: below its root. */
#ifndef PMP_SOURCE_LINES_H
#define PMP_SOURCE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"

/* Of a longer one nothing is shown. */
#define SOURCE_BYTES_MAX (8u << 20)

struct source_file;

/* {0} at first. */
struct source_lines {
	struct source_file *files; /* those that were asked for, readable or not */
	size_t count, cap;
};

void source_lines_deinit(struct source_lines *lines);

/* Line `number` (from 1 on) of `file`, without its newline; a relative path is from where the target is. A view that lives as
 * long as `lines`. false: it cannot be read, or is no regular file, or has no such line. */
bool source_lines_get(struct source_lines *lines, uint32_t pid, struct span file, uint32_t number,
                      struct span *ret);

#endif
