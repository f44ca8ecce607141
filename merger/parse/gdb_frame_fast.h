/* gdb_frame_fast: a fast parser for the most frequent lines: a native frame on one line, with a
 * plain name, and with a place or "()". Its result is that of gdb_frame_parse; it refuses all other
 * lines. */
#ifndef PMP_GDB_FRAME_FAST_H
#define PMP_GDB_FRAME_FAST_H

#include <stdbool.h>

#include "merger/parse/gdb_frame.h"

/* text: a line without its newline and the blanks before that. True: it is such a frame; *ret is
 * filled as by gdb_frame_parse(&text, ret), its state is GDB_FRAME_DONE or, without a place,
 * GDB_FRAME_CLOSED, and the line has no terminal escapes, HTML entities or box-drawing characters.
 * False: the line may be anything. */
bool gdb_frame_fast_parse(struct span text, struct gdb_frame *ret);

#endif
