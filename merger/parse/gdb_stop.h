/* gdb_stop: what text tells of the moment at which the program was stopped: whether it has run
 * since the stacks before. The stacks that follow are of another look then (text_look.h). */
#ifndef PMP_GDB_STOP_H
#define PMP_GDB_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

/* A line that gdb prints when a program has run, ends, or is attached to. */
bool gdb_stop_is_told(struct span text);

/* One of these lines that is about another process than before. */
bool gdb_stop_is_new_process(struct span text);

/* A command that lets the program run, or leaves it: "c", "next 3", "attach 12". */
bool gdb_stop_command_runs(struct span command);

/* True if the line has a time of day: "12:05", "12:05:01", "2026-11-30T12:05". */
bool gdb_stop_has_time(struct span text);

/* "Thread 3 "worker" received signal SIGINT, Interrupt.", "Thread 3 hit Breakpoint 1, f ()": true,
 * with gdb's number of the thread and its name, which may be empty. */
bool gdb_stop_thread(struct span text, uint32_t *number, struct span *name);

#endif
