/* signals: the signals that pmp acts on arrive on a descriptor (signalfd); no code runs in a
 * handler. */
#ifndef PMP_SIGNALS_H
#define PMP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "merger/base/error.h"

struct signals {
	int fd;           /* for poll: readable when a signal is pending */
	bool hung_up;     /* a SIGHUP arrived */
	bool from_kernel; /* the last signal came from the terminal, not from a process */
	sigset_t before;
	struct sigaction pipe_before, child_before;
};

/* A write to a pipe without a reader, or beyond the file size limit, gives an error; its signal
 * does not kill pmp any more. */
void signals_ignore_sigpipe_sigxfsz(void);
/* Blocks SIGINT, SIGTERM, SIGCHLD and SIGHUP (unless it is ignored, as under nohup); ignores
 * SIGPIPE. all: also blocks, unless they are ignored, the signals that are forwarded to pmp's child
 * program. */
bool signals_init(struct signals *signals, bool all, struct error *err);
/* The next pending signal; 0: none. Never waits. */
int signals_next(struct signals *signals);
/* Discards pending signals and restores the old state; but after a SIGHUP, SIGHUP stays ignored. */
void signals_deinit(struct signals *signals);
/* For a gdb, between fork and exec: no signal is ignored, and only SIGINT and SIGTERM are blocked.
 * While gdb waits for its target, it would turn either of them into a SIGINT to the target. */
void signals_child(void);
/* For pmp's child program, between fork and exec: restores the state that pmp was started with. */
void signals_program(const struct signals *signals);

#endif
