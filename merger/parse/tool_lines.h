/* tool_lines: rewrites the stacks of other tools as gdb prints them, line by line:
 *
 *	frame #0: 0x7f12 libc.so.6`read + 10 at a.c:9:5		lldb; "thread #1, name = 'x'"
 *	#0  0x7f12 read (libc.so.6 + 0x1234)			coredumpctl
 *	#0  0x7f12 read - /usr/lib64/libc.so.6			eu-stack -m
 *	   0: core::panicking::panic				Rust, below "stack backtrace:"
 *	main.(*T).f(0x1)					Go, below "goroutine 1 [running]:"
 *	at a.b.C.m(C.java:12)					Java, below "main" #1 ... nid=0x1a
 *	00 0019f8a0 75e1b2f1 ntdll!NtRead+0xc [a.c @ 12]	WinDbg, below "ChildEBP RetAddr"
 *
 * Sources of the formats: lldb's default frame-format and thread-format; systemd
 * src/shared/elf-util.c; elfutils src/stack.c, print_frame(); Rust library/std/src/backtrace;
 * Go src/runtime/traceback.go; OpenJDK hotspot/share/runtime/javaThread.cpp, print_on(). */
#ifndef PMP_TOOL_LINES_H
#define PMP_TOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"
#include "merger/parse/tool_parts.h"

/* text: a line without prefixes and the `indent` blanks before it. True: it is such a tool's; *ret
 * gets the line as gdb would print it, or stays empty if gdb prints no such line. */
bool tool_lines_rewrite(struct tool_lines *lines, struct span text, size_t indent, struct buf *ret);

/* True for lines that show without those before that they are a frame or a header. */
bool tool_lines_is_frame(struct span text, uint32_t *number);
bool tool_lines_is_thread(struct span text);
/* "stack backtrace:" and the like: the rows below need this line. */
bool tool_lines_is_head(struct span text);

#endif
