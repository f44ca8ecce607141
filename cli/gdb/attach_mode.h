/* attach_mode: the ways to hold a target, a row each: how many workers take turns at it, and what a
 * worker is told. The protocol itself is in worker.h. */
#ifndef PMP_ATTACH_MODE_H
#define PMP_ATTACH_MODE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum attach_mode { ATTACH_ONCE, ATTACH_EACH, ATTACH_PLAIN, ATTACH_DUMP };

enum attach_verb {
	VERB_START, /* answers hello */
	VERB_WARM,
	VERB_ATTACH, /* modes that keep the target only */
	VERB_SAMPLE,
	VERB_DETACH,
	VERB_ONE_SHOT, /* attach, sample and detach; modes that do not keep the target only */
	VERB_SKIP_UNSTOPPABLE, /* go on with the threads that have stopped so far */
	VERB_FORGET_EXITED,    /* go on without threads that have ended */
	VERB_COUNT
};

struct attach_mode_row {
	const char *name; /* of --attach */
	unsigned workers; /* of one target */
	bool agent;       /* it runs pmp's scripts: needs Python in gdb */
	bool keeps;       /* attached from the first sample to the last */
	/* Lines for gdb; {pid} and other names in braces stand for values. NULL: not in this mode. */
	const char *commands[VERB_COUNT];
};

#define ATTACH_WORKERS_MAX 2

const struct attach_mode_row *attach_mode_row(enum attach_mode mode);

struct attach_values {
	uint32_t pid;
	uint64_t sample, epoch_us;
	uint64_t now_us;     /* VERB_SKIP_UNSTOPPABLE: when it is sent */
	bool locals;         /* VERB_ONE_SHOT of ATTACH_DUMP: Python frames with them */
	bool instant;        /* all threads are stopped at once, those that sleep, too */
	bool started_by_pmp; /* VERB_ATTACH: it is let run, though it was stopped */
	const char *mark;    /* what a line that pmp itself had printed begins with */
	bool other_mounts;   /* than ours has the target */
	bool other_root;     /* it has those of ours, but a root of its own */
};

/* Replaces what is in *out. */
void attach_mode_command(const struct attach_mode_row *row, enum attach_verb verb,
                         const struct attach_values *values, struct buf *out);

#endif
