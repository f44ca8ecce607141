/* debugger_lines: rewrites lines of other debuggers as gdb's (tool_lines.h). A function returns
 * false if the line is not of its kind; *ret is unchanged then. */
#ifndef PMP_DEBUGGER_LINES_H
#define PMP_DEBUGGER_LINES_H

#include "merger/parse/tool_parts.h"

/* "frame #0: 0x7f12 libc.so.6`read + 10 at read.c:9:5" */
bool debugger_lines_parse_lldb(struct span text, struct tool_parts *ret);
/* "thread #2, name = 'w', stop reason = ...", "thread #2: tid = 0x1f03, 0x7f12 libc.so`read" */
bool debugger_lines_lldb_thread(struct span text, struct buf *ret);

/* A frame of coredumpctl or eu-stack: "#N  0xADDR NAME ..." */
bool debugger_lines_numbered(struct tool_lines *lines, struct span text, struct buf *ret);
/* The source line below a frame, of eu-stack -s: "    /src/a.c:12:3" */
bool debugger_lines_elfutils_place(struct span text, size_t indent, struct buf *ret);

/* ".  0  Id: 1b2c.2f40 Suspend: 1 Teb: 00000000`00292000 Unfrozen \"name\"" */
bool debugger_lines_windbg_thread(struct span text, struct buf *ret);
bool debugger_lines_windbg(struct tool_lines *lines, struct span text, struct buf *ret);

#endif
