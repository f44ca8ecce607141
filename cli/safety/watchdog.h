/* watchdog: a small process that outlives pmp. pmp cannot restore a target itself if it is killed
 * during a pause, together with gdb. The watchdog waits until the pipe from pmp closes. If pmp did
 * not send its end note before, the watchdog restores each target that it has a note of
 * (restore.h), as soon as no process traces the target. Then it ends: after about 50 ms, at the
 * latest after WATCHDOG_MAX_US.
 *
 * The watchdog has a session of its own, so neither a signal to pmp's process group nor a closed
 * terminal reaches it. It holds no descriptor but its end of the pipe. It sends no signal but the
 * SIGCONT and SIGSTOP of restore.h, and a SIGKILL to the process group of a gdb that was killed:
 * gdb's children there, on which gdb tests what ptrace can do, would outlive it. */
#ifndef PMP_WATCHDOG_H
#define PMP_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"

#define WATCHDOG_MAX_US 15000000u

struct watchdog {
	int fd; /* the pipe to it; -1: none */
	pid_t pid;
};

bool watchdog_start(struct watchdog *watchdog, struct error *err);

/* Sends a note: how the target must be left. Called before every attach, and when was_stopped
 * changes. gdb: the process that attaches; 0: none. */
void watchdog_watch(const struct watchdog *watchdog, uint32_t pid, uint64_t starttime,
                    bool was_stopped, pid_t gdb);

/* Sends the end note: all targets are restored. Waits until the watchdog has ended. No effect if
 * fd is -1. */
void watchdog_end(struct watchdog *watchdog);

#endif
