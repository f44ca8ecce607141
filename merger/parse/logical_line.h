/* logical_line: a line as gdb meant it: without a prefix, with its wrapped rest. */
#ifndef PMP_LOGICAL_LINE_H
#define PMP_LOGICAL_LINE_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
