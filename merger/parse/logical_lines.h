/* logical_lines: text as people paste it -> logical lines: without prefixes (line_prefix.h), carriage returns, HTML
 * entities, a screen's frame, gdb's "---Type <return>"; wrapped lines joined. */
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

struct line {
	enum line_kind kind;
	const struct gdb_frame
	        *frame;   /* of a frame that needed no second look: what it holds; else NULL */
	struct span text; /* valid during the call */
	size_t indent;    /* blanks before it */
	bool prompt;      /* it stood behind "(gdb) " */
	size_t count;     /* lines of the input that it is made of */
	size_t spare;     /* lines that looked like its continuation and that it has no use for */
};

typedef void lines_take(void *ctx, const struct line *line);

struct lines;

/* Calls take for each logical line, in order, from lines_feed and lines_finish. */
struct lines *lines_create(lines_take *take, void *ctx);
void lines_destroy(struct lines *lines);

/* Text may be cut anywhere. Lines longer than max bytes are cut there. */
void lines_feed(struct lines *lines, const char *text, size_t len, size_t max);
/* The end of one input: gives out what is held back, forgets the prefix. Ready for the next. */
void lines_finish(struct lines *lines, size_t max);

/* Lines of the input so far. */
uint64_t lines_count(const struct lines *lines);

#endif
