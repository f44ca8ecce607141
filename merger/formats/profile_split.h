/* profile_split: finds the end of the first profile in concatenated profiles, for example from
 * `pmp ... -o - -f yaml` of many hosts in one pipe.
 *
 * A YAML profile begins with a line `---` or, as pmp writes it, with `pmp-profile:`. A JSON
 * profile begins with a line `{`, or with `{"` if the first profile did. Collapsed stacks can be
 * cut after any line. */
#ifndef PMP_PROFILE_SPLIT_H
#define PMP_PROFILE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/span.h"

/* Collapsed stacks are cut into parts of this size. */
#define PROFILE_SPLIT_STACKS ((size_t)8 << 20)

/* The length of the first profile in text. 0: its end is not in the text; at the end of the
 * input it is all of the text. *seen: number of bytes already searched; 0 at first and after
 * each profile. */
size_t profile_split(struct span text, size_t *seen);
/* Does text begin like a profile? If not, and it follows another part, it has more collapsed
 * stacks. */
bool profile_split_begins(struct span text);

#endif
