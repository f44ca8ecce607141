/* line_prefix: strips the prefixes that mailers, loggers, editors and gdb put before a line of a
 * backtrace: blanks, "> > " and "| ", "(gdb) ", "// ", "# ", "* ", "<pre>", "[node-13] ",
 * "Nov 22 10:25:03 box app[17]: ". */
#ifndef PMP_LINE_PREFIX_H
#define PMP_LINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* The log's prefix of the last line that was certainly gdb's. A prefix of the same shape (any digit
 * matches any digit) is stripped from other lines too. {0}: no prefix yet. */
struct line_prefix_log {
	struct buf shape;
};

struct line_prefix_info {
	struct span unquoted; /* the line without its outer blanks only, if '>' is a template's */
	size_t indent;        /* blanks before the text, after all other prefixes */
	bool quoted;          /* the line had a '>' */
	bool prompt;          /* the line had a "(gdb) " */
};

void line_prefix_log_deinit(struct line_prefix_log *log);

/* Returns the line without its prefixes, a span of it, and fills *info. */
struct span line_prefix_strip(struct line_prefix_log *log, struct span line,
                              struct line_prefix_info *info);

#endif
