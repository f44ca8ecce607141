/* pager: a result that is longer than the screen is shown by a pager, as git does it: $PMP_PAGER, else
 * $PAGER, run by the shell, else less, if it is there. One that is empty or "cat" is none. */
#ifndef PMP_PAGER_H
#define PMP_PAGER_H

#include <stdbool.h>

#include "merger/base/span.h"

/* From now on there is none. */
void pager_disable(void);
/* stdout is the terminal on which we are in the foreground, not a dumb one, and there may be a pager. */
bool pager_wanted(void);
/* Puts the text on stdout. What is longer than the screen goes to the pager, and this returns when that has ended;
 * that it ended early is no error. Where it cannot be run the text is put on stdout all the same. */
void pager_show(struct span text);

#endif
