/* worker_states: the rules of a worker, a table of state and event: the next state, and an
 * action. */
#ifndef PMP_WORKER_STATES_H
#define PMP_WORKER_STATES_H

#include <stdbool.h>

#include "cli/gdb/attach_mode.h"
#include "cli/gdb/timeouts.h"

enum worker_state {
	WORKER_STARTING,
	WORKER_WARMING,
	WORKER_READY,
	WORKER_SAMPLING, /* then WORKER_READY again */
	WORKER_ENDING,   /* its input is closed; signals follow if it does not exit */
	WORKER_DONE,     /* ended as asked; no process is left */
	WORKER_FAILED,   /* ended otherwise, see worker_why; no process is left */
	WORKER_STATE_COUNT
};

enum worker_event {
	/* answers (worker.h) */
	WORKER_SAYS_HELLO,
	WORKER_SAYS_WARM,
	WORKER_SAYS_END, /* of a sample */
	WORKER_SAYS_ERROR,
	/* other events of gdb */
	WORKER_UNSUPPORTED,  /* too old, or not a gdb */
	WORKER_OUTPUT_LIMIT, /* more than WORKER_OUTPUT_MAX */
	WORKER_TIMEOUT,      /* the deadline of the state has passed */
	WORKER_EXITS,
	/* requests of pmp */
	WORKER_ASK_SAMPLE,
	WORKER_ASK_END,
	WORKER_ASK_KILL, /* gdb cannot detach in order: the kernel detaches it */
	WORKER_EVENT_COUNT
};

enum worker_action {
	WORKER_ACT_FAULT, /* no rule (an unexpected answer): end the worker, it is unreliable */
	WORKER_ACT_NONE,
	WORKER_ACT_SEND,  /* the command of the new state */
	WORKER_ACT_KEEP,  /* store the answer for worker_answer */
	WORKER_ACT_CLOSE, /* end it, as asked */
	WORKER_ACT_FAIL,  /* end it, and store the cause */
	WORKER_ACT_KILL,
	WORKER_ACT_ESCALATE /* the next signal */
};

struct worker_rule {
	enum worker_state next;
	enum worker_action action;
};

/* If the table has no rule: {WORKER_ENDING, WORKER_ACT_FAULT}. */
struct worker_rule worker_rule(enum worker_state state, enum worker_event event);

/* The command that is sent on entering a state, and how long the state may last. */
struct worker_state_row {
	const char *name;      /* for messages: "while NAME" */
	enum attach_verb verb; /* WORKER_NO_VERB: none */
	enum timeout timeout;
};

#define WORKER_NO_VERB VERB_COUNT

const struct worker_state_row *worker_state_row(enum worker_state state);

#endif
