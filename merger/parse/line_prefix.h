/* line_prefix: strips the prefixes that mailers, loggers, editors and gdb put before a line of a
 * backtrace: blanks, "> > " and "| ", "(gdb) ", "// ", "# ", "* ", "<pre>", "[node-13] ",
 * "Nov 22 10:25:03 box app[17]: ", and any other that several lines share. */
#ifndef PMP_LINE_PREFIX_H
#define PMP_LINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* Prefixes of lines that were certainly gdb's. A prefix of the same shape is stripped from other
 * lines too: any word with a digit matches any other, and blanks match blanks. {0}: none yet. */
#define LINE_PREFIX_SHAPES_MAX 8
struct line_prefix_log {
	struct line_prefix_shape {
		struct buf text; /* a prefix, without the blanks at its end */
		size_t blanks;   /* at its end: the least that were seen */
	} shapes[LINE_PREFIX_SHAPES_MAX];
	size_t count; /* learnt so far; the newest replace the oldest */
};

struct line_prefix_info {
	struct span unquoted; /* the line without its outer blanks only, if '>' is a template's */
	size_t indent;        /* blanks before the text, after all other prefixes */
	bool quoted;          /* the line had a '>' */
	bool prompt;          /* the line had a "(gdb) " */
	bool learnt;          /* the line had a prefix that was learnt */
};

void line_prefix_log_deinit(struct line_prefix_log *log);
/* Forgets all. */
void line_prefix_log_clear(struct line_prefix_log *log);

/* True if both prefixes have the same shape. */
bool line_prefix_is_alike(struct span a, struct span b);
/* From now on, this prefix is stripped. */
void line_prefix_learn(struct line_prefix_log *log, struct span prefix);

/* Returns the line without its prefixes, a span of it, and fills *info. */
struct span line_prefix_strip(struct line_prefix_log *log, struct span line,
                              struct line_prefix_info *info);

#endif
