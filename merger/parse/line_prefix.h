/* line_prefix: what mailers, loggers, editors and gdb itself put before a line of a backtrace: blanks,
 * "> > " and "| ", "(gdb) ", "// ", "# ", "* ", "<pre>", "[node-13] ", "Nov 22 10:25:03 box app[17]: ". */
#ifndef PMP_LINE_PREFIX_H
#define PMP_LINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* What a log puts before each line, as it was before the last line that was surely gdb's:
 * lines with a prefix of the same shape (digits for digits) lose it too. {0}: none yet. */
struct line_prefix_log {
	struct buf shape;
};

struct line_prefix_info {
	struct span unquoted; /* the line without blanks alone: where '>' is a template's */
	size_t indent;        /* blanks before the text, behind any other prefix */
	bool quoted;          /* there was a '>' */
	bool prompt;
};

void line_prefix_log_deinit(struct line_prefix_log *log);

/* The line without its prefixes (a view); fills *info. */
struct span line_prefix_strip(struct line_prefix_log *log, struct span line,
                              struct line_prefix_info *info);

#endif
