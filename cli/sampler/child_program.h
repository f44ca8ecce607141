/* child_program: the one that `pmp run` starts. It is held at its first instruction, stopped, until the samplers are
 * ready; from then on it runs, and pmp waits for its end, and passes signals on.
 *
 * Up to its first instruction it ends if pmp does: it waits for a pipe of pmp's, or is traced by it. From then on the
 * guard sees to it that it runs on (watchdog.h). */
#ifndef PMP_CHILD_PROGRAM_H
#define PMP_CHILD_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"
#include "cli/safety/watchdog.h"
#include "cli/os/signals.h"

/* As a shell has them. */
#define CHILD_PROGRAM_NOT_FOUND 127
#define CHILD_PROGRAM_NOT_RUN 126

struct child_program {
	pid_t pid;  /* 0: none */
	int status; /* of its end, as waitpid has it */
	bool over;  /* it has ended, and was waited for */
	bool released;
	int stop; /* a signal that has stopped the program's job, and is to stop pmp, too; 0: none */
	uint64_t stop_us;    /* when at the latest */
	unsigned interrupts; /* of a terminal's: the program has had them, too */
};

/* argv ends in NULL; its first word is looked for on PATH. Waits until the program is stopped at its first
 * instruction. false: nothing of it has run, and nothing is left. */
bool child_program_start(struct child_program *program, const char *const *argv,
                         const struct signals *signals, const struct watchdog *watchdog,
                         struct error *err);
/* Lets it run. */
void child_program_release(struct child_program *program);
/* true: it has ended. Never waits. */
bool child_program_over(struct child_program *program);
/* A signal that came to pmp. true: it is not for the program, pmp is to end. */
bool child_program_signal(struct child_program *program, int number, bool from_kernel);
/* Stops pmp with the program's job, once a gdb that holds the program has let it stop, too: who continues the job is
 * not to come before that. Returns when to ask again, CLOCK_NEVER if there is nothing to wait for. */
uint64_t child_program_stop(struct child_program *program, uint64_t now);
/* The exit code, 128 + N if signal N was its end. */
int child_program_code(const struct child_program *program);
/* One that was never released is ended. */
void child_program_deinit(struct child_program *program);

#endif
