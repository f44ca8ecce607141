/* gdb_frame_fast: the fast way through the lines that gdb prints most: a native frame that is whole, of one line,
 * with a plain name. What it takes it takes as gdb_frame_parse would; any other line is left to that. */
#ifndef PMP_GDB_FRAME_FAST_H
#define PMP_GDB_FRAME_FAST_H

#include <stdbool.h>

#include "merger/parse/gdb_frame.h"

/* True: text (a line without its newline and the blanks before that) is such a frame, *ret is filled as
 * gdb_frame_parse(&text, ret) fills it, its state is GDB_FRAME_DONE, and no byte of it is a terminal's, a
 * web page's or a screen's. False: it may be anything. */
bool gdb_frame_fast_parse(struct span text, struct gdb_frame *ret);

#endif
