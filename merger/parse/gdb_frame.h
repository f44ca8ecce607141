/* gdb_frame: parses the line that gdb prints for a native frame:
 *
 *	#N  [0xADDR in ]NAME (ARGUMENTS)[ at FILE[:LINE]][ from MODULE]
 *	#N  <signal handler called>
 *
 * Source of the format: gdb/stack.c, print_frame(). NAME is of any language that gdb demangles. */
#ifndef PMP_GDB_FRAME_H
#define PMP_GDB_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"
#include "merger/parse/raw_stack.h"

/* How much of the frame the text has. Wrapped lines are joined until it is GDB_FRAME_DONE. */
enum gdb_frame_state {
	GDB_FRAME_NAME,   /* ends in the name, or after it and before the arguments */
	GDB_FRAME_ARGS,   /* the arguments are not closed */
	GDB_FRAME_NESTED, /* a string, a bracket or a template is open */
	GDB_FRAME_CLOSED, /* ends after the closed arguments, without a place */
	GDB_FRAME_PLACE,  /* ends in "at", "from", or a file without a line number */
	GDB_FRAME_DONE,
};

struct gdb_frame {
	uint32_t number; /* UINT32_MAX if it overflows */
	bool has_addr;
	uint64_t addr;
	struct span name;   /* without arguments; empty: "??" */
	struct span clones; /* " [clone .part.0]" after the name; empty: none */
	struct span args;   /* the text between the parentheses */
	struct span file, module;
	uint32_t line; /* 0: not printed, or it overflows */
	enum native_special special;
	enum gdb_frame_state state;
};

/* True if text begins like a native frame: "#N" and text that is not a Python annotation. */
bool gdb_frame_starts(struct span text);

/* The state of a frame's text, of which gdb_frame_starts is true. It shows whether the next line
 * can be the wrapped rest of it. */
enum gdb_frame_state gdb_frame_state(struct span text);

/* Parses the frame that *text consists of (no newline, no prefix, complete). True: *text is
 * consumed, *ret has spans of it; a frame that was cut off has the parts that are there. False:
 * *text is unchanged and is not a frame ("#12 fixes a bug (again)"). */
bool gdb_frame_parse(struct span *text, struct gdb_frame *ret);

/* The same for a frame without "#N", which gdb prints when the target stops. The frame must be
 * complete and have a place or an address, because prose has parentheses too. */
bool gdb_frame_parse_bare(struct span *text, struct gdb_frame *ret);

#endif
