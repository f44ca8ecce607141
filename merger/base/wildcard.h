/* wildcard: patterns in which '*' stands for any characters, also none. */
#ifndef PMP_WILDCARD_H
#define PMP_WILDCARD_H

#include "merger/base/span.h"

/* Does the whole text match? The time grows with the length of the text to the power of the number
 * of '*': use at most three in a pattern. */
bool wildcard_match(struct span text, struct span pattern);

#endif
