/* signals: those that pmp acts on arrive on a descriptor; nothing runs in a handler. */
#ifndef PMP_SIGNALS_H
#define PMP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "merger/base/error.h"

struct signals {
	int fd;           /* readable when a signal is there; for poll */
	bool hung_up;     /* SIGHUP came */
	bool from_kernel; /* the last one: a terminal's, not a process's */
	sigset_t before;
	struct sigaction pipe_before, child_before;
};

/* A write to a pipe without a reader, or beyond the limit of a file's size, is an error, and not the end of pmp. */
void signals_ignore_sigpipe_sigxfsz(void);
/* Blocks SIGINT, SIGTERM, SIGHUP (unless it is ignored, as under nohup) and SIGCHLD, ignores SIGPIPE.
 * all: those too that somebody may send on purpose to a program which pmp runs, unless they are ignored. */
bool signals_init(struct signals *signals, bool all, struct error *err);
/* The next one that came, 0 if there is none. Never waits. */
int signals_next(struct signals *signals);
/* Forgets what came meanwhile and puts everything back; but after a SIGHUP the next ones are ignored. */
void signals_deinit(struct signals *signals);
/* For a gdb, between fork and exec: no signal ignored by us, and none blocked but SIGINT and SIGTERM:
 * of either, gdb makes a SIGINT to the target that it holds, if it comes while gdb waits for that. */
void signals_child(void);
/* For a program that pmp runs, between fork and exec: all as pmp got it. */
void signals_program(const struct signals *signals);

#endif
