/* gdb_thread: parses the header line above a thread's frames, of all gdb versions and systems:
 *
 *	Thread 3 (Thread 0x7f12 (LWP 123) "name" (Exiting)):	Linux
 *	Thread 3 (LWP 123 "name"):		core files, gdbserver
 *	Thread 3 (Thread 3756):			Thread 3 (process 3229):
 *	Thread 2 (process 3229 thread 0x1503):	macOS
 *	Thread 1 (LWP 100 of process 99):	FreeBSD
 *	Thread 1 (Thread -1210868832 (LWP 26975)):	thread 1.0x5f4 (Windows)
 *	[Switching to thread 3 (Thread 0x7f12 (LWP 123))]#0 ...	command `thread`
 *	[Current thread is 3 (Thread 0x7f12 (LWP 123))]	a core file; command `thread`
 *	[Switching to Thread 0x7f12 (LWP 123)]	a stop in another thread
 *	TID 123:	TID 123 name:	eu-stack
 *	Stack trace of thread 123:	coredumpctl
 *
 * Source of the formats: gdb/thread.c, thr_try_catch_cmd(), gdb/infrun.c, normal_stop(), and each
 * target's pid_to_str(); elfutils src/stack.c; systemd src/shared/elf-util.c. */
#ifndef PMP_GDB_THREAD_H
#define PMP_GDB_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

struct gdb_thread {
	uint32_t number;  /* gdb's number of the thread; 0: not printed */
	uint32_t tid;     /* LWP, or the number in its place; 0: not printed, or it overflows */
	uint32_t pid;     /* 0: not printed */
	uint64_t handle;  /* of "Thread 0x7f12 (LWP 123)": its pthread_t; 0: not printed */
	struct span name; /* empty: not printed */
	bool is_switch;   /* in brackets: names the thread of the next stacks, and is no header */
};

/* Cheap test: true if text can be the start of a header. */
bool gdb_thread_starts(struct span text);

/* True: *text is consumed, *ret has spans of it. False: *text is unchanged and is no header
 * ("Thread 5 "python" hit Breakpoint 1, ..."). */
bool gdb_thread_parse(struct span *text, struct gdb_thread *ret);

#endif
