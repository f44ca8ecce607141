/* line_markup: removes from a line what terminals, browsers and wikis add to the text: colours,
 * HTML tags and entities, blanks and quotes of other alphabets, window borders, `**` and "`". */
#ifndef PMP_LINE_MARKUP_H
#define PMP_LINE_MARKUP_H

#include <stdbool.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* {0}: empty. */
struct line_markup {
	struct buf text, names;
};

void line_markup_deinit(struct line_markup *markup);

/* False if the line has no byte with which mark-up begins. */
bool line_markup_may_be_in(struct span line);

/* Returns the line without mark-up: `line` itself, a part of it, or text of *markup, which is valid
 * until the next call. It has a newline where HTML, an entity or a carriage return ends a line. */
struct span line_markup_clean(struct line_markup *markup, struct span line);

/* The same for mark-up around a frame, of a line without its prefix: behind it, and around its
 * function's name. */
struct span line_markup_clean_frame(struct line_markup *markup, struct span frame);

#endif
