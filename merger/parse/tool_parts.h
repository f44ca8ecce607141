/* tool_parts: a frame of another tool, taken apart, and the helpers of those that do so. */
#ifndef PMP_TOOL_PARTS_H
#define PMP_TOOL_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* The tool whose stack the last lines were. {0}: none. */
struct tool_lines {
	enum tool { TOOL_NONE, TOOL_ELFUTILS, TOOL_RUST, TOOL_GO, TOOL_JAVA, TOOL_WINDBG } tool;
	uint32_t next; /* the number of the next frame, for tools that print none */
};

/* A frame or a header, taken apart. */
struct tool_parts {
	uint32_t number;
	bool has_addr;
	uint64_t addr;
	struct span name, args, module, file;
	uint32_t line; /* 0: unknown */
};

/* Finds the first or the last `what`. */
bool tool_parts_find(struct span text, struct span what, size_t *ret);
bool tool_parts_find_last(struct span text, struct span what, size_t *ret);
/* Cuts text at the first `what`. false: there is none. */
bool tool_parts_cut(struct span *text, struct span what);
/* "0x7f12" */
bool tool_parts_take_hex(struct span *text, uint64_t *ret);

/* "FILE:LINE" or "FILE:LINE:COLUMN" */
void tool_parts_split_place(struct span text, struct tool_parts *ret);
/* Moves the arguments out of a name that ends in them. */
void tool_parts_split_args(struct tool_parts *parts);

/* Appends them as gdb prints a frame, or a thread's header. name may be empty. */
void tool_parts_write_frame(const struct tool_parts *parts, struct buf *ret);
void tool_parts_write_thread(uint32_t number, uint64_t tid, struct span name, struct buf *ret);

#endif
