/* held_lines: a queue of lines that may have a prefix. One line cannot show whether the text before
 * its frame is a prefix; a second line with the same prefix does. Until then the lines wait. */
#ifndef PMP_HELD_LINES_H
#define PMP_HELD_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/buf.h"
#include "merger/parse/line_anchor.h"

#define HELD_LINES_MAX 32
#define HELD_BYTES_MAX (64u << 10)

struct held_line {
	size_t at, len; /* in the text of the queue */
	bool has_anchor;
	struct line_anchor anchor; /* its spans are empty */
	size_t prefix_at, prefix_len;
};

/* {0} is an empty queue. */
struct held_lines {
	struct buf text;
	struct held_line lines[HELD_LINES_MAX];
	size_t count;
};

void held_lines_deinit(struct held_lines *held);

/* Adds a copy of the line. anchor: its spans are in the line; NULL: the line has none. false: the
 * queue is full. */
bool held_lines_add(struct held_lines *held, struct span line, const struct line_anchor *anchor);
struct span held_lines_get(const struct held_lines *held, size_t i);

/* True if a held line has the prefix of this anchor, and one may follow the other. */
bool held_lines_confirm(const struct held_lines *held, const struct line_anchor *anchor);

/* True if the last line has an anchor, and this line without a prefix continues it: a logger wrote
 * its prefix before the first line of a message only. *ret is the prefix. */
bool held_lines_continue(const struct held_lines *held, const struct line_anchor *plain,
                         struct span *ret);

#endif
