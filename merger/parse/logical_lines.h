/* logical_lines: splits text, also pasted text, into logical lines: removes prefixes
 * (line_prefix.h), carriage returns, terminal colours, HTML entities, window borders and gdb's
 * "---Type <return>", and joins wrapped lines. */
#ifndef PMP_LOGICAL_LINES_H
#define PMP_LOGICAL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/span.h"

enum line_kind {
	LINE_BLANK,
	LINE_MARKER,
	LINE_THREAD,   /* starts like gdb_thread */
	LINE_FRAME,    /* starts like gdb_frame */
	LINE_PY_FRAME, /* starts like a numbered py_frame */
	LINE_PY_FILE,  /* starts like a py_frame with File */
	LINE_TEXT,     /* anything else */
};

struct gdb_frame;

struct logical_line {
	enum line_kind kind;
	const struct gdb_frame *frame; /* LINE_FRAME: the parsed frame, or NULL: not parsed yet */
	struct span text;              /* valid during the call */
	size_t indent;                 /* blanks before the text */
	bool prompt;                   /* it was after a "(gdb) " */
	size_t count;                  /* input lines that it consists of */
	size_t spare; /* of these: joined lines that turned out not to be part of it */
};

typedef void logical_lines_take(void *ctx, const struct logical_line *line);

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
