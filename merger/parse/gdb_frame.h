/* gdb_frame: the line that gdb prints for a native frame:
 *
 *	#N  [0xADDR in ]NAME (ARGUMENTS)[ at FILE[:LINE]][ from MODULE]
 *	#N  <signal handler called>
 *
 * Source of the format: gdb/stack.c, print_frame(). NAME is in any of the languages that gdb demangles. */
#ifndef PMP_GDB_FRAME_H
#define PMP_GDB_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"
#include "merger/parse/raw_stack.h"

/* How far the text has come. Wrapped lines are joined while it is not done. */
enum gdb_frame_state {
	GDB_FRAME_NAME,   /* in the name, or behind it and no arguments yet */
	GDB_FRAME_ARGS,   /* the arguments are not closed */
	GDB_FRAME_NESTED, /* a string, a bracket or a template is open */
	GDB_FRAME_CLOSED, /* the arguments are closed, and no place follows */
	GDB_FRAME_PLACE,  /* ends in "at", "from", or a file that lacks its line */
	GDB_FRAME_DONE,
};

struct gdb_frame {
	uint32_t number; /* UINT32_MAX if it overflows */
	bool has_addr;
	uint64_t addr;
	struct span name; /* without arguments; empty for ?? */
	struct span args; /* what is between the parentheses */
	struct span file, module;
	uint32_t line; /* 0: not told, or it overflows */
	enum native_special special;
	enum gdb_frame_state state;
};

/* True if text begins like a native frame's line: "#N" and something that is no Python annotation. */
bool gdb_frame_starts(struct span text);

/* How far a frame's text has come (gdb_frame_starts is true of it), so that a wrapped line is told
 * from one that only follows. */
enum gdb_frame_state gdb_frame_state(struct span text);

/* Parses the frame that text begins and ends with (no newline, no prefix; nothing more will come).
 * Views only. True: *text is consumed and *ret filled; a frame that was cut off has what is there.
 * False: nothing is moved; text is no frame ("#12 fixes a bug (again)"). */
bool gdb_frame_parse(struct span *text, struct gdb_frame *ret);

/* The same without "#N", as gdb prints it on stopping; only what is done and has a place or an
 * address counts, since prose has parentheses too. */
bool gdb_frame_parse_bare(struct span *text, struct gdb_frame *ret);

#endif
