/* text_width: how wide text is on a terminal. Knows UTF-8 without a locale (a static program has none):
 * wide East Asian characters take two columns, combining ones none. */
#ifndef PMP_TEXT_WIDTH_H
#define PMP_TEXT_WIDTH_H

#include <stddef.h>

#include "merger/base/span.h"

size_t text_width_of(struct span text);
/* The longest beginning of text that takes at most `max` columns; never ends inside a character. */
struct span text_width_cut(struct span text, size_t max);

#endif
