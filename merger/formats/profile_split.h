/* profile_split: where one profile ends, and the next begins, in text of several that stand one behind the other, as
 * `pmp ... -o - -f yaml` of many hosts in one pipe.
 *
 * A YAML profile begins with a line `---` or, as pmp writes it, with `pmp-profile:`; a JSON one with a line
 * that is `{`, or begins with `{"`, as its first one did. Collapsed stacks may be cut behind any line. */
#ifndef PMP_PROFILE_SPLIT_H
#define PMP_PROFILE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/span.h"

/* Of collapsed stacks so much is a part. */
#define PROFILE_SPLIT_STACKS ((size_t)8 << 20)

/* The length of the first profile in text. 0: its end isn't there yet; at the end of the input all of the text is. *seen: how much
 * of it was looked at, 0 at first and after each that was found. */
size_t profile_split(struct span text, size_t *seen);
/* Does text begin as a profile that others can follow? If not, and it's behind another part: these are more of its stacks. */
bool profile_split_begins(struct span text);

#endif
