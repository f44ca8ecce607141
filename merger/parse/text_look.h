/* text_look: the stacks of one look in pasted text. A look is what one stop of the program shows.
 * People print a stop in several passes: `bt`, `py-bt`, `thread 3`, `frame 2`, `thread apply all
 * bt`. All passes over a thread become one stack: Python frames are added to native ones, and
 * frames that are printed again count once.
 *
 * A thread has the same LWP or gdb's number in all passes. A stack without both is the thread of
 * the look that has its frames.
 *
 * The next look begins
 *	when the text tells that the program has run (gdb_stop.h), or with a line that has a time
 *	when a thread is printed again with other frames
 *	when the same command has printed it before and there was no prompt since: text of several
 *	runs of gdb, whose equal stacks count each
 *
 * The stacks are given out when the look ends, in the order in which their threads came. Memory is
 * bounded by the text of one look. */
#ifndef PMP_TEXT_LOOK_H
#define PMP_TEXT_LOOK_H

#include <stdbool.h>

#include "merger/base/intern.h"
#include "merger/parse/raw_stack.h"

struct text_look;

typedef void text_look_emit(void *ctx, const struct raw_stack *stack);

/* Keeps its arguments. */
struct text_look *text_look_create(struct intern *intern, text_look_emit *emit, void *ctx);
void text_look_destroy(struct text_look *look);

/* Adds a copy of a stack that is not lost. */
void text_look_add(struct text_look *look, const struct raw_stack *stack);
/* Adds to the look only the details of a stack whose frames it has. */
void text_look_add_details(struct text_look *look, const struct raw_stack *stack);
/* Ends the look; with in_stack it ends after the stack that is added next, of which some lines came
 * already. */
void text_look_end(struct text_look *look, bool in_stack);

#endif
