/* gdb_process: one gdb: find it, start it, send commands, read its output, end it. The caller
 * defines the commands and interprets the output: worker.h for a process, core_file.h for a core
 * file, version.h for -V.
 *
 * gdb reads no settings of the user or the target, and asks no server for symbols. */
#ifndef PMP_GDB_PROCESS_H
#define PMP_GDB_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/buf.h"
#include "merger/base/error.h"
#include "merger/base/span.h"

struct gdb_process {
	pid_t pid;
	int commands; /* its standard input; -1: closed */
	int text;     /* its output, reads do not block; -1: closed */
};

/* The absolute path of `name`, or of gdb on PATH if it is NULL; the caller frees it. NULL:
 * ERROR_GDB, and errno. */
char *gdb_process_find(const char *name, struct error *err);

/* agent: gdb gets pmp's scripts as descriptor 4 and writes its output to descriptor 3; its
 * standard output goes to /dev/null. Otherwise its standard output is the output. Standard error
 * is part of the output in both cases. gdb gets a session of its own, so that Ctrl-C and a
 * closed terminal reach pmp alone, which then has the target released. false: ERROR_FAILED, and
 * errno. */
bool gdb_process_start(const char *gdb, bool agent, struct gdb_process *ret, struct error *err);
/* A child that could not execute gdb writes one line that begins so, followed by the reason, and
 * exits. */
#define GDB_PROCESS_NOT_RUN "it cannot be run: "

/* Never waits. false: gdb does not read its input. true if gdb has ended: the caller notices the
 * end and its cause. */
bool gdb_process_send(const struct gdb_process *gdb, struct span commands);

/* A longer line is an error. */
#define GDB_PROCESS_LINE_MAX (4u << 20)

enum gdb_process_output { GDB_PROCESS_READ, GDB_PROCESS_QUIET, GDB_PROCESS_CLOSED };
/* Appends to *ret. Never waits: GDB_PROCESS_QUIET if there is nothing to read now. At its end
 * gdb->text is closed. */
enum gdb_process_output gdb_process_read(struct gdb_process *gdb, struct buf *ret);

/* SIGKILL also goes to gdb's process group: the children with which gdb tests ptrace would stay,
 * stopped. */
void gdb_process_signal(const struct gdb_process *gdb, int number);
/* If gdb has ended: kills the rest of its process group, stores waitpid's status, returns true.
 * Never waits. */
bool gdb_process_reap(const struct gdb_process *gdb, int *status);
/* On the end of its input gdb detaches and exits. */
void gdb_process_close_commands(struct gdb_process *gdb);
/* Closes both descriptors. */
void gdb_process_close(struct gdb_process *gdb);
/* Kills gdb, reaps it (waits at most a second), closes both descriptors. */
void gdb_process_end(struct gdb_process *gdb);

enum gdb_process_answer {
	GDB_PROCESS_ANSWERED, /* take_line has returned false */
	GDB_PROCESS_ENDED,    /* gdb does not read or write any more, or its line is too long */
	GDB_PROCESS_TIMEOUT,
};
/* For a caller that asks one question and waits for its answer: sends the commands, then passes
 * each whole line of output to take_line, until that returns false. line.ptr[line.len] is the
 * newline. deadline: CLOCK_MONOTONIC in us. */
enum gdb_process_answer gdb_process_ask(struct gdb_process *gdb, struct span commands,
                                        uint64_t deadline,
                                        bool (*take_line)(void *ctx, struct span line), void *ctx);

#endif
