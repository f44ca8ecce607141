/* escape: makes text from a target or a file safe to show, in one way for all outputs.
 * Control characters, ';' and bytes that are not UTF-8 become \xNN; so do C1 controls, the bidi
 * and line-separator code points (U+0080-U+009F, U+200E/F, U+2028-U+202E, U+2066-U+2069), byte by byte. Text of
 * more than ESCAPE_MAX bytes is cut, and ends in "...". Applying it twice changes nothing more. */
#ifndef PMP_ESCAPE_H
#define PMP_ESCAPE_H

#include <stdbool.h>

#include "merger/base/buf.h"

#define ESCAPE_MAX 4096

/* True if s would be left as it is (the common case: no copy needed). */
bool escape_is_clean(struct span s);
void escape_add(struct buf *out, struct span s);
/* The same, but ';' stays: for what never gets into collapsed stacks. */
void escape_add_text(struct buf *out, struct span s);
/* In place, for a message: each byte that would be escaped becomes '?'; but ';' stays. */
void escape_mask(char *text);

#endif
