/* pager: shows a result that is longer than the screen through a pager, as git does: $PMP_PAGER,
 * else $PAGER, run by the shell, else less, if it is installed. Empty or "cat" means no pager. */
#ifndef PMP_PAGER_H
#define PMP_PAGER_H

#include <stdbool.h>

#include "merger/base/span.h"

/* No pager is used from now on. */
void pager_disable(void);
/* True if stdout is a terminal, but not a dumb one, pmp is in its foreground process group, and a
 * pager is allowed. */
bool pager_wanted(void);
/* Writes the text to stdout. A text longer than the screen goes to the pager, and this function
 * returns when the pager has exited; that it exited early is no error. If the pager cannot be run,
 * the text goes to stdout. */
void pager_show(struct span text);

#endif
