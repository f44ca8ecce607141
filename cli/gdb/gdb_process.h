/* gdb_process: starts a gdb that reads nothing of the user's or the target's, and can ask nobody. */
#ifndef PMP_GDB_PROCESS_H
#define PMP_GDB_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "merger/base/error.h"

struct gdb_process {
	pid_t pid;
	int commands; /* its standard input; closing it makes gdb let go and end */
	int text;     /* what it says; does not block */
};

/* The absolute path of `name`, or of gdb on PATH if it is NULL. The caller frees it. NULL: ERROR_GDB. */
char *gdb_find(const char *name, struct error *err);

/* agent: it gets pmp's scripts as descriptor 4, says what it has to say on 3, and its standard output
 * goes nowhere. Otherwise its standard output is the text. It has a session of its own, so that
 * Ctrl-C and a closed terminal reach pmp alone, which then sees to it that the target is let go. */
bool gdb_process_start(const char *gdb, bool agent, struct gdb_process *ret, struct error *err);

#endif
