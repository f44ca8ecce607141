/* worker: one gdb that pmp started, and its state. The rules are a table: worker_states.h.
 *
 * pmp writes lines of gdb's command language to gdb's standard input and reads the answers from one
 * pipe. Each answer is one line, `~pmp VERB key=value ...` (the format is in marker.h), except a
 * sample.
 *
 * With the agent (all modes of attach_mode.h but plain) gdb's standard output goes to /dev/null.
 * The agent writes to the pipe as descriptor 3, and gdb's standard error goes to the pipe, too. The
 * agent's source is read once, from descriptor 4, which is a memfd: no file is left anywhere. A
 * command, and the answer after `->`:
 *
 *	python exec(...)
 *		loads the agent (attach_mode.c, gdbscripts/loader.py)
 *		-> ~pmp hello gdb=13.1 python=3.11.2
 *	python pmp("warm", PID, STARTED_BY_PMP, GLUE, EARLY)
 *		reads symbols: /proc and the files that the target has mapped. EARLY 1: takes sample
 *		1 before that, and answers with it when it is asked for; its time_us is 0.
 *		STARTED_BY_PMP 1: also for the libraries that the target has yet to load. GLUE 1:
 *		functions without a name tell which functions alone use them
 *		-> ~pmp warm pid=4711
 *	python pmp("sample", PID, N, EPOCH_US, INSTANT)
 *		INSTANT 1: all threads are stopped together, also those that sleep
 *		-> ~pmp begin sample=N pid=4711 time_us=..
 *		   lines of text
 *		   ~pmp end sample=N pid=4711 pause_us=..
 *	python pmp("dump", PID, N, EPOCH_US, LOCALS)
 *		a sample for `pmp dump`: also what each thread waits for and, if LOCALS is 1, the
 *		local variables of Python frames
 *		-> as for sample
 *	python pmp("core", HOLDER, CORE, PROGRAM, LOCALS)
 *		dump of a core file. core_file.h sends it, no worker does. The process HOLDER has
 *		the core file open as descriptor CORE, and the executable as PROGRAM (-1: none)
 *		-> ~pmp maps, map and process lines, then as for sample
 *
 * EPOCH_US is CLOCK_MONOTONIC in microseconds at the start of the run; time_us counts from it.
 * pause_us is the longest time that a thread was stopped. The target is traced only while a sample
 * is taken. If a verb fails, the agent lets the target run and answers
 *
 *	~pmp error verb=sample why=ptrace:%20Operation%20not%20permitted
 *
 * `python`, `module` and `note` lines may come at any time. hello, warm and error are for pmp only;
 * all other lines are part of the recording. At the end of its standard input gdb exits.
 *
 * A gdb that cannot seize threads (gdbscripts/stop/ptrace.py) says why in hello, no_seize=..: it
 * attaches for each sample as gdb does.
 *
 * Without the agent (plain) gdb's standard output is the pipe, and the commands are gdb's own:
 * attach, `thread apply all bt`, detach. `echo` lines between them print `~pmp-NONCE VERB`, where
 * VERB is
 *
 *	hello	the version comes before it, as the output of `show version`
 *	warm	as above
 *	sample, walk, walked, gone	before attach, after attach, after the stacks, after detach
 *
 * NONCE is a random number for each worker, so that no text of the target can look like such a
 * line. worker_output.c adds the begin and end lines. pause_us is the time from sample to gone.
 */
#ifndef PMP_WORKER_H
#define PMP_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"
#include "merger/base/span.h"
#include "cli/gdb/attach_mode.h"
#include "cli/gdb/timeouts.h"
#include "cli/gdb/worker_states.h"

/* What all workers of a target have in common; borrowed, must outlive them. */
struct worker_plan {
	const char *gdb; /* absolute path */
	const struct attach_mode_row *mode;
	const struct timeouts *timeouts;
	uint32_t pid;
	bool instant;        /* INSTANT of the protocol above */
	bool glue;           /* GLUE */
	bool early;          /* EARLY */
	bool locals;         /* LOCALS */
	bool started_by_pmp; /* STARTED_BY_PMP: the target is a program that pmp runs */
};

enum worker_trouble {
	WORKER_TROUBLE_NONE,
	WORKER_TROUBLE_NO_PYTHON, /* gdb has no Python, or the agent does not run in it */
	WORKER_TROUBLE_NOT_GDB,   /* the program does not answer as gdb does, or is too old */
	WORKER_TROUBLE_TIMEOUT,
	WORKER_TROUBLE_OTHER
};

/* The answer to the last sample. */
struct worker_answer {
	bool ok;
	struct span
	        text; /* the sample: whole lines, begin to end; valid until the next worker_ask */
	uint64_t pause_us; /* how long the target was stopped, as far as known; also if not ok */
};

struct worker;

/* Starts a gdb. NULL: it could not be started (ERROR_GDB, ERROR_FAILED). */
struct worker *worker_create(const struct worker_plan *plan, struct error *err);
/* Frees the worker. A gdb that has not ended is killed and reaped. NULL is allowed. */
void worker_destroy(struct worker *worker);

/* ask: one of WORKER_ASK_*. sample and epoch_us are for SAMPLE only. */
void worker_ask(struct worker *worker, enum worker_event ask, uint64_t sample, uint64_t epoch_us);
/* Reads the output, notices gdb's exit, acts on passed deadlines. Never waits. */
void worker_pump(struct worker *worker, uint64_t now);

enum worker_state worker_state(const struct worker *worker);
/* Has its state lasted for longer than TIMEOUT_HURRY? */
bool worker_is_slow(const struct worker *worker, uint64_t now);
bool worker_ended(const struct worker *worker); /* WORKER_DONE or WORKER_FAILED */
pid_t worker_pid(const struct worker *worker);
int worker_fd(const struct worker *worker); /* to poll for reading, -1: none */
/* When worker_pump has something to do although there is no output. */
uint64_t worker_deadline(const struct worker *worker);
enum worker_trouble worker_trouble(const struct worker *worker);
/* Why the worker or its last command failed; empty if neither has. */
const char *worker_why(const struct worker *worker);
const struct worker_answer *worker_answer(const struct worker *worker);
/* Lines for the recording that came outside of a sample; the caller clears the buffer. */
struct buf *worker_notes(struct worker *worker);
/* Was it ever asked for a sample? */
bool worker_ever_sampled(const struct worker *worker);
/* Why its gdb attaches by itself instead of seizing threads; empty: it seizes them. */
const char *worker_no_seize(const struct worker *worker);

#endif
