/* text_width: the number of columns that text takes on a terminal. The text is UTF-8; no locale is
 * used, as a static program has none. A wide East Asian character takes two columns, a combining
 * one none. */
#ifndef PMP_TEXT_WIDTH_H
#define PMP_TEXT_WIDTH_H

#include <stddef.h>

#include "merger/base/span.h"

size_t text_width_of(struct span text);
/* The longest prefix of text that takes at most `max` columns. Characters are not split. */
struct span text_width_cut(struct span text, size_t max);

#endif
