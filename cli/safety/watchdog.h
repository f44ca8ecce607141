/* watchdog: a small process that outlives pmp, for the one case which pmp cannot see to itself: that it is
 * killed, and gdb with it, in the moment in which a target is stopped. It waits for the end of a pipe
 * that pmp holds. When that comes without a farewell it sees to it that every target it was told of is as it was
 * (restore.h), as soon as nobody traces it, and ends: after some 20 ms, or WATCHDOG_MAX_US at the latest.
 *
 * It is in a session of its own (a signal to pmp's process group or a closed terminal does not reach it),
 * holds no descriptor but its end of the pipe, and sends no signal but the SIGCONT or SIGSTOP of restore.h, and a SIGKILL to what a
 * killed gdb has left in its process group: the children on which it tries out what ptrace can do. */
#ifndef PMP_WATCHDOG_H
#define PMP_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"

#define WATCHDOG_MAX_US 15000000u

struct watchdog {
	int fd; /* -1: none */
	pid_t pid;
};

bool watchdog_start(struct watchdog *watchdog, struct error *err);

/* Before every attach: what this target must be like afterwards. gdb: who attaches; 0: nobody. */
void watchdog_watch(const struct watchdog *watchdog, uint32_t pid, uint64_t starttime,
                    bool was_stopped, pid_t gdb);

/* The farewell: all targets are settled. Waits for its end. Harmless if it was never started. */
void watchdog_end(struct watchdog *watchdog);

#endif
