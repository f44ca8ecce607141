/* logical_lines: text as people paste it -> logical lines: without prefixes (line_prefix.h),
 * carriage returns, HTML entities, a screen's frame, gdb's "---Type <return>"; wrapped lines
 * joined. */
#ifndef PMP_LOGICAL_LINES_H
#define PMP_LOGICAL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/span.h"

enum line_kind {
	LINE_BLANK,
	LINE_MARKER,
	LINE_THREAD,   /* begins like gdb_thread */
	LINE_FRAME,    /* begins like gdb_frame */
	LINE_PY_FRAME, /* begins like a numbered py_frame */
	LINE_PY_FILE,  /* begins like a py_frame with File */
	LINE_TEXT,     /* anything else */
};

struct gdb_frame;

struct logical_line {
	enum line_kind kind;
	const struct gdb_frame
	        *frame;   /* of a frame that needed no second look: what it holds; else NULL */
	struct span text; /* valid during the call */
	size_t indent;    /* blanks before it */
	bool prompt;      /* it stood behind "(gdb) " */
	size_t count;     /* lines of the input that it is made of */
	size_t spare;     /* lines that looked like its continuation and that it has no use for */
};

typedef void logical_lines_take(void *ctx, const struct logical_line *line);

struct logical_lines;

/* Calls take for each logical line, in order, from logical_lines_feed and logical_lines_finish. */
struct logical_lines *logical_lines_create(logical_lines_take *take, void *ctx);
void logical_lines_destroy(struct logical_lines *lines);

/* Text may be cut anywhere. Lines longer than max bytes are cut there. */
void logical_lines_feed(struct logical_lines *lines, const char *text, size_t len, size_t max);
/* The end of one input: gives out what is held back, forgets the prefix. Ready for the next. */
void logical_lines_finish(struct logical_lines *lines, size_t max);

/* Lines of the input so far. */
uint64_t logical_lines_count(const struct logical_lines *lines);

#endif
