/* logical_lines: splits text, also pasted text, into logical lines: removes prefixes
 * (line_prefix.h), mark-up (line_markup.h), strings (quoted_text.h) and gdb's "---Type <return>",
 * rewrites other tools' stacks (tool_lines.h), and joins wrapped lines (line_joiner.h). */
#ifndef PMP_LOGICAL_LINES_H
#define PMP_LOGICAL_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "merger/parse/logical_line.h"

struct logical_lines;

/* logical_lines_feed and logical_lines_finish call `take` for each logical line, in order. */
struct logical_lines *logical_lines_create(logical_lines_take *take, void *ctx);
void logical_lines_destroy(struct logical_lines *lines);

/* The text of one call may end anywhere. A line longer than max bytes is cut. */
void logical_lines_feed(struct logical_lines *lines, const char *text, size_t len, size_t max);
/* The end of one input: gives out the last line and forgets the log's prefix. Another input may
 * follow. */
void logical_lines_finish(struct logical_lines *lines, size_t max);

/* The number of input lines so far. */
uint64_t logical_lines_count(const struct logical_lines *lines);

#endif
