#include "cli/gdb/worker_states.h"

static const struct worker_state_row states[WORKER_STATE_COUNT] = {
	[WORKER_STARTING] = { "starting", VERB_START, TIMEOUT_START },
	[WORKER_WARMING] = { "reading symbols", VERB_WARM, TIMEOUT_WARM },
	[WORKER_READY] = { "ready", WORKER_NO_VERB, TIMEOUT_NONE },
	[WORKER_SAMPLING] = { "sampling", VERB_SAMPLE, TIMEOUT_SAMPLE },
	[WORKER_ENDING] = { "ending", WORKER_NO_VERB, TIMEOUT_CLOSE },
	[WORKER_DONE] = { "done", WORKER_NO_VERB, TIMEOUT_NONE },
	[WORKER_FAILED] = { "failed", WORKER_NO_VERB, TIMEOUT_NONE },
};

#define FAIL                                                                                       \
	{                                                                                          \
		WORKER_ENDING, WORKER_ACT_FAIL                                                     \
	}
#define CLOSE                                                                                      \
	{                                                                                          \
		WORKER_ENDING, WORKER_ACT_CLOSE                                                    \
	}
#define KILL                                                                                       \
	{                                                                                          \
		WORKER_ENDING, WORKER_ACT_KILL                                                     \
	}
#define GONE                                                                                       \
	{                                                                                          \
		WORKER_FAILED, WORKER_ACT_NONE                                                     \
	}
/* The same rules in each state before WORKER_ENDING. */
#define ANY_STATE                                                                                  \
	[WORKER_UNSUPPORTED] = FAIL, [WORKER_OUTPUT_LIMIT] = FAIL, [WORKER_TIMEOUT] = FAIL,        \
	[WORKER_EXITS] = GONE, [WORKER_ASK_END] = CLOSE, [WORKER_ASK_KILL] = KILL

static const struct worker_rule rules[WORKER_STATE_COUNT][WORKER_EVENT_COUNT] = {
	[WORKER_STARTING] = {
		ANY_STATE,
		[WORKER_SAYS_HELLO] = { WORKER_WARMING, WORKER_ACT_SEND },
		[WORKER_SAYS_ERROR] = FAIL,
	},
	[WORKER_WARMING] = {
		ANY_STATE,
		[WORKER_SAYS_WARM] = { WORKER_READY, WORKER_ACT_NONE },
		/* Sampling works without symbols read in advance; it is slower at first. */
		[WORKER_SAYS_ERROR] = { WORKER_READY, WORKER_ACT_NONE },
	},
	[WORKER_READY] = {
		ANY_STATE,
		[WORKER_ASK_SAMPLE] = { WORKER_SAMPLING, WORKER_ACT_SEND },
	},
	[WORKER_SAMPLING] = {
		ANY_STATE,
		[WORKER_SAYS_END] = { WORKER_READY, WORKER_ACT_KEEP },
		[WORKER_SAYS_ERROR] = { WORKER_READY, WORKER_ACT_KEEP },
	},
	[WORKER_ENDING] = {
		[WORKER_SAYS_HELLO] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_SAYS_WARM] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_SAYS_END] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_SAYS_ERROR] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_UNSUPPORTED] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_OUTPUT_LIMIT] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_TIMEOUT] = { WORKER_ENDING, WORKER_ACT_ESCALATE },
		[WORKER_EXITS] = { WORKER_DONE, WORKER_ACT_NONE },
		[WORKER_ASK_SAMPLE] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_ASK_END] = { WORKER_ENDING, WORKER_ACT_NONE },
		[WORKER_ASK_KILL] = KILL,
	},
};

struct worker_rule worker_rule(enum worker_state state, enum worker_event event)
{
	struct worker_rule rule = rules[state][event];

	if (state == WORKER_DONE || state == WORKER_FAILED)
		return (struct worker_rule){ state, WORKER_ACT_NONE };
	if (rule.action == WORKER_ACT_FAULT)
		rule.next = WORKER_ENDING;
	return rule;
}

const struct worker_state_row *worker_state_row(enum worker_state state)
{
	return &states[state];
}
