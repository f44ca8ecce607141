/* escape: makes text from a target or a file safe to print, in the same way for all outputs.
 *
 * Each byte of these becomes \xNN: control characters (U+0000-U+001F, U+007F-U+009F), ';', the bidi
 * and line-separator code points (U+200E/F, U+2028-U+202E, U+2066-U+2069), and all that is not
 * UTF-8. A result longer than ESCAPE_MAX bytes is cut and ends in "...". Escaping a result again
 * does not change it. */
#ifndef PMP_ESCAPE_H
#define PMP_ESCAPE_H

#include <stdbool.h>

#include "merger/base/buf.h"

#define ESCAPE_MAX 4096

/* True if escape_add would not change s. This is the common case, and it needs no copy. */
bool escape_is_clean(struct span s);
/* Appends the escaped s. */
void escape_add(struct buf *out, struct span s);
/* The same, but keeps ';': for text that is never part of a collapsed stack. */
void escape_add_text(struct buf *out, struct span s);
/* Replaces in place each byte that would be escaped by '?', except ';'. For messages. */
void escape_mask(char *text);

#endif
