/* worker_states: what a worker does when something befalls it: a table of state and event. */
#ifndef PMP_WORKER_STATES_H
#define PMP_WORKER_STATES_H

#include <stdbool.h>

#include "cli/gdb/attach_mode.h"
#include "cli/gdb/timeouts.h"

enum worker_state {
	WORKER_STARTING,
	WORKER_WARMING,
	WORKER_READY,     /* warm, not attached */
	WORKER_ATTACHING, /* attached and let run: WORKER_ATTACHED */
	WORKER_ATTACHED,
	WORKER_SAMPLING,    /* of a kept attachment: back to WORKER_ATTACHED */
	WORKER_IN_ONE_SHOT, /* attach, sample and detach in one: back to WORKER_READY */
	WORKER_DETACHING,
	WORKER_ENDING, /* its input is closed; gets signals if that doesn't do */
	WORKER_DONE,   /* ended as it was asked to; no process is left */
	WORKER_FAILED, /* ended otherwise: worker_why says why; no process is left */
	WORKER_STATE_COUNT
};

enum worker_event {
	/* what gdb says */
	WORKER_SAYS_HELLO,
	WORKER_SAYS_WARM,
	WORKER_SAYS_ATTACHED,
	WORKER_SAYS_END, /* of a sample */
	WORKER_SAYS_DETACHED,
	WORKER_SAYS_STOPPED, /* somebody has stopped the target, and gdb has let it go for that */
	WORKER_SAYS_ERROR,
	/* what happens to it */
	WORKER_UNSUPPORTED,  /* it's too old, or none of gdb's */
	WORKER_OUTPUT_LIMIT, /* a sample's text is longer than WORKER_OUTPUT_MAX */
	WORKER_TIMEOUT,      /* a deadline passed */
	WORKER_EXITS,
	/* what it is asked for */
	WORKER_ASK_ATTACH,
	WORKER_ASK_SAMPLE,
	WORKER_ASK_ONE_SHOT,
	WORKER_ASK_DETACH, /* and to end */
	WORKER_ASK_END,
	WORKER_ASK_KILL, /* of one that cannot let go in good order: the kernel does it then */
	WORKER_EVENT_COUNT
};

enum worker_action {
	WORKER_ACT_FAULT, /* not foreseen: an answer out of turn. No trust in it any more: it is ended */
	WORKER_ACT_NONE,
	WORKER_ACT_SEND,  /* the command that belongs to the new state */
	WORKER_ACT_KEEP,  /* keep the answer: worker_answer */
	WORKER_ACT_CLOSE, /* ends it, as asked */
	WORKER_ACT_FAIL,  /* ends it, with what went wrong */
	WORKER_ACT_KILL,
	WORKER_ACT_ESCALATE /* the next, harder way to end it */
};

struct worker_rule {
	enum worker_state next;
	enum worker_action action;
};

/* The policy. For what is not foreseen: {WORKER_ENDING, WORKER_ACT_FAULT}. */
struct worker_rule worker_rule(enum worker_state state, enum worker_event event);

/* What a state means: the command that is sent on entering it, and how long it may last. */
struct worker_state_row {
	const char *name;
	enum attach_verb verb; /* WORKER_NO_VERB: none */
	enum timeout deadline;
	bool may_skip; /* TIMEOUT_SKIP is for it */
	bool stops;    /* VERB_FORGET_EXITED is for it */
};

#define WORKER_NO_VERB VERB_COUNT

const struct worker_state_row *worker_state_row(enum worker_state state);

#endif
