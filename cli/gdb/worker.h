/* worker: one gdb that pmp started, and what it is doing: a state machine whose policy is a table (worker_states.h).
 *
 * A worker is spoken to in lines of gdb's command language on its standard input; what it says comes
 * back through one pipe. With the agent (attach once, each) gdb's standard output goes to /dev/null,
 * and the agent writes to the pipe itself (as descriptor 3); gdb's standard error goes to the pipe too. Its
 * source is read from descriptor 4 (a memfd, so no file is left anywhere), once; attach_mode.c has the
 * words of it:
 *
 *	python exec(...)		 loads the agent
 *		-> ~pmp hello gdb=13.1 python=3.11.2
 *	python pmp("warm", PID, OWN)	 reads symbols, touches nothing of the target but /proc; OWN 1: of the libraries that
 *					 it is going to have, too
 *		-> ~pmp warm pid=4711
 *	python pmp("attach", PID, OWN)	 attaches, looks around, lets it run; OWN 1: though it was stopped
 *		-> ~pmp attached pid=4711 pause_us=8100
 *	python pmp("sample", N, EPOCH_US, INSTANT)	INSTANT 1: threads that sleep are stopped, too
 *		-> ~pmp begin sample=N ... text ... ~pmp end sample=N ...
 *	python pmp("skip_unstoppable", NOW_US)	 does not wait longer for threads that cannot stop (state D); told
 *					 again in the same stop: for none that has not stopped yet; of no
 *					 effect on a stop that began after NOW_US, when it was sent
 *		-> (no answer of its own)
 *	python pmp("forget_exited")		 does not wait longer for threads that have ended
 *		-> (no answer of its own)
 *	python pmp("detach")
 *		-> ~pmp detached pid=4711
 *	python pmp("dump", PID, N, EPOCH_US, LOCALS)	the same for `pmp dump`: with what the threads wait for, and,
 *					 with LOCALS 1, the locals of Python frames
 *	python pmp("one_shot", PID, N, EPOCH_US)	attach, sample, detach: for --attach each; pause_us is all of it
 *		-> ~pmp begin ... ~pmp end ...
 *
 * NOW_US is CLOCK_MONOTONIC in microseconds, EPOCH_US the same at the start of the run. Whatever fails answers with
 *
 *	~pmp error verb=attach why=ptrace:%20Operation%20not%20permitted.
 *
 * and leaves the target running. When somebody stops the target (SIGSTOP; SIGTSTP, SIGTTIN or SIGTTOU where
 * it does not handle them) gdb lets go of it, so that it is stopped, and says at any time
 *
 *	~pmp stopped pid=4711 signal=SIGSTOP
 *
 * hello, warm, detached, stopped and error are between worker and supervisor: they are
 * not part of the journal; attached is. `python` and `note` may come at any time. When standard
 * input closes, gdb detaches and ends.
 *
 * Without the agent (attach plain) gdb's standard output is the pipe, the commands are gdb's own
 * (attach, thread apply all bt, detach) with `echo` lines in between by which the supervisor knows where it
 * is: `~pmp-NONCE VERB`, where NONCE is drawn for each worker, so that no text of the target's can pass for
 * one. The worker puts the begin and end markers around the text itself; pause_us is attach to detach.
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

/* What is common to a target's workers; borrowed, must outlive them. */
struct worker_plan {
	const char *gdb; /* absolute path */
	const struct attach_mode_row *mode;
	const struct timeouts *deadlines;
	uint32_t pid;
	bool instant; /* all threads are stopped at once for a sample */
	bool locals;  /* a dump has the locals of Python frames */
	bool started_by_pmp; /* the target is a program that pmp runs: it is let run though it was stopped */
};

enum worker_trouble {
	WORKER_TROUBLE_NONE,
	WORKER_TROUBLE_NO_PYTHON, /* gdb has none, or the agent doesn't run in it */
	WORKER_TROUBLE_NOT_GDB,   /* what was started does not answer as gdb does, or is too old */
	WORKER_TROUBLE_TIMEOUT,
	WORKER_TROUBLE_OTHER
};

/* What came of the last attach, sample or look. */
struct worker_answer {
	bool ok;
	struct span
	        text; /* the sample from begin to end, whole lines; valid until the next one is asked for */
	uint64_t pause_us; /* ok or not: for how long the target was held, as far as is known */
};

struct worker;

/* Starts a gdb. NULL: it could not be started (ERROR_GDB, ERROR_FAILED). */
struct worker *worker_create(const struct worker_plan *plan, struct error *err);
/* Frees it. One that has not ended is killed and waited for. NULL is fine. */
void worker_destroy(struct worker *worker);

/* Asks for one of WORKER_ASK_*. sample and epoch_us matter for SAMPLE and LOOK only. */
void worker_ask(struct worker *worker, enum worker_event ask, uint64_t sample, uint64_t epoch_us);
/* Reads what is there, notices its end, minds its deadlines. Never waits. */
void worker_pump(struct worker *worker, uint64_t now);

enum worker_state worker_state(const struct worker *worker);
/* Has its state lasted for longer than TIMEOUT_SKIP? */
bool worker_is_slow(const struct worker *worker, uint64_t now);
bool worker_ended(const struct worker *worker); /* done or failed: no process is left */
pid_t worker_pid(const struct worker *worker);
int worker_fd(const struct worker *worker); /* to poll for reading, -1: none */
uint64_t worker_deadline(const struct worker *worker);
enum worker_trouble worker_trouble(const struct worker *worker);
/* Why it failed, or why its last command did; empty if nothing has. */
const char *worker_why(const struct worker *worker);
const struct worker_answer *worker_answer(const struct worker *worker);
/* Markers for the journal that came outside of a sample; the caller clears it. */
struct buf *worker_notes(struct worker *worker);
/* The name of the signal by which somebody has stopped the target since the last call. false: nobody has. */
bool worker_take_stop(struct worker *worker, char ret[16]);
/* Has it ever been told to attach? Then the target is to be looked after when it has ended. */
bool worker_ever_attached(const struct worker *worker);

#endif
