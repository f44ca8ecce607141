/* line_anchor: finds gdb's text in a line that begins with something else. */
#ifndef PMP_LINE_ANCHOR_H
#define PMP_LINE_ANCHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/span.h"

/* Longer prefixes are not searched. */
#define LINE_ANCHOR_PREFIX_MAX 160

enum line_anchor_kind {
	LINE_ANCHOR_THREAD, /* a thread's header, of gdb or of another tool */
	LINE_ANCHOR_FRAME,
	LINE_ANCHOR_PYTHON, /* the first line of py-bt */
	LINE_ANCHOR_HEAD,   /* the line above another tool's frames, which says enough alone */
};

struct line_anchor {
	enum line_anchor_kind kind;
	uint32_t number;          /* of a frame */
	bool sure;                /* a frame with an address */
	struct span prefix, rest; /* the text before, and from the anchor on */
};

/* True if text itself is certainly a debugger's: a complete frame or a thread's header. */
bool line_anchor_parse(struct span text, struct line_anchor *ret);

/* Searches for such text behind at least one byte that is no letter, digit or '_'. */
bool line_anchor_find(struct span text, struct line_anchor *ret);

/* True if next may be the next anchor of the same text: a frame after a thread's header, the next
 * frame, the next thread. */
bool line_anchor_follows(const struct line_anchor *anchor, const struct line_anchor *next);

#endif
