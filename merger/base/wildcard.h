/* wildcard: patterns in which '*' stands for any characters, also none. */
#ifndef PMP_WILDCARD_H
#define PMP_WILDCARD_H

#include "merger/base/span.h"

/* Does the whole text match? Takes the product of both lengths at most. */
bool wildcard_match(struct span text, struct span pattern);

#endif
