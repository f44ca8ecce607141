/* runtime_lines: rewrites the stacks that the run-time libraries of languages print as gdb's
 * (tool_lines.h). A function returns false if the line is not of its kind; *ret is unchanged
 * then. */
#ifndef PMP_RUNTIME_LINES_H
#define PMP_RUNTIME_LINES_H

#include "merger/parse/tool_parts.h"

/* "0: NAME", "0:     0x55d0 - NAME"; its place is on the next line. */
bool runtime_lines_rust(struct span text, struct buf *ret);

/* "goroutine 1 [chan receive, 5 minutes]:", "goroutine 1 gp=0xc0 m=0 mp=0x1 [select]:" */
bool runtime_lines_goroutine(struct span text, struct buf *ret);
bool runtime_lines_go(struct tool_lines *lines, struct span text, size_t indent, struct buf *ret);

/* "\"main\" #1 prio=5 os_prio=0 tid=0x00007f12 nid=0x1a03 waiting on condition [0x00007f12]" */
bool runtime_lines_java_thread(struct span text, struct buf *ret);
bool runtime_lines_java(struct tool_lines *lines, struct span text, struct buf *ret);

#endif
