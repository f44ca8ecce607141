/* py_frame: parses a Python frame as python-gdb (CPython's Tools/gdb/libpython.py) prints it:
 *
 *	f=Frame 0xADDR, for file X, line N, in F (ARGS)	in the arguments of a native frame
 *	#4 Frame 0xADDR, for file X, line N, in F (ARGS)	a line of py-bt-full
 *	  File "X", line N, in F				a line of py-bt
 */
#ifndef PMP_PY_FRAME_H
#define PMP_PY_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

struct py_text {
	struct span name, file;
	uint32_t line;   /* 0: it overflows */
	uint64_t addr;   /* of the frame object; 0: not printed */
	uint32_t number; /* py-bt-full: the native frame's; otherwise RAW_STACK_NO_NUMBER */
};

/* True: *text is consumed, *ret has spans of it. False: *text is unchanged. */
bool py_frame_parse_file(struct span *text, struct py_text *ret);
bool py_frame_parse_numbered(struct span *text, struct py_text *ret);

/* Finds the first annotation in a native frame's arguments. */
bool py_frame_find(struct span args, struct py_text *ret);

/* Cheap test: true if text can be the start of such a line, which may be wrapped. */
bool py_frame_starts_file(struct span text);
bool py_frame_starts_numbered(struct span text);
/* True if a numbered frame is complete, up to the parenthesis that closes its arguments. */
bool py_frame_is_complete(struct span text);

#endif
