/* page_break: finds what gdb prints when a page is full, also within a word. */
#ifndef PMP_PAGE_BREAK_H
#define PMP_PAGE_BREAK_H

#include <stdbool.h>

#include "merger/base/span.h"

/* True: *before and *after are the text around gdb's question and the user's answer to it. Source
 * of the words: gdb/utils.c, prompt_for_continue(). */
bool page_break_find(struct span line, struct span *before, struct span *after);

#endif
