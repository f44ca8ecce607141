/* child_program: the program that `pmp run` starts. It is held, stopped at its first instruction,
 * until gdb is ready. Then it runs; pmp forwards signals to it and waits for its end.
 *
 * If pmp dies before the first instruction, the program ends too: it waits for a pipe from pmp, or
 * is traced by pmp. After that the watchdog lets it run on (watchdog.h). */
#ifndef PMP_CHILD_PROGRAM_H
#define PMP_CHILD_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"
#include "cli/safety/watchdog.h"
#include "cli/os/signals.h"

/* Exit codes, the same as a shell's. */
#define CHILD_PROGRAM_NOT_FOUND 127
#define CHILD_PROGRAM_NOT_RUN 126

struct child_program {
	pid_t pid;     /* 0: none */
	int status;    /* from waitpid */
	bool ended;    /* and was waited for */
	bool released; /* it was continued from its first instruction */
	int stop;      /* a signal that stopped the program's job and must stop pmp, too; 0: none */
	uint64_t stop_us;    /* when pmp stops at the latest */
	unsigned interrupts; /* SIGINTs from the terminal; the program received them, too */
};

/* argv ends with NULL; argv[0] is searched on PATH. Waits until the program is stopped at its first
 * instruction. false: the program has not run, and no process is left. */
bool child_program_start(struct child_program *program, const char *const *argv,
                         const struct signals *signals, const struct watchdog *watchdog,
                         struct error *err);
/* Continues the program from its first instruction. */
void child_program_release(struct child_program *program);
/* Never waits. */
bool child_program_has_ended(struct child_program *program);
/* Forwards a signal that pmp received. from_kernel: the terminal sent it, so the program has it
 * already. true: it was the second Ctrl-C or a later one, which ends pmp. */
bool child_program_forward_signal(struct child_program *program, int number, bool from_kernel);
/* Stops pmp when the terminal has stopped the program's job (Ctrl-Z). Waits first until the program
 * is stopped, too: a gdb may hold it, and the shell must not continue the job before that. Returns
 * when to call again, CLOCK_NEVER: there is nothing to wait for. */
uint64_t child_program_follow_stop(struct child_program *program, uint64_t now);
/* The program's exit code; 128 + N if signal N ended it. */
int child_program_exit_code(const struct child_program *program);
/* Kills a program that was never released. */
void child_program_deinit(struct child_program *program);

#endif
