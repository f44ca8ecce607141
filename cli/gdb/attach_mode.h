/* attach_mode: the ways to attach to a target, one row each: the number of workers, and the
 * commands that a worker sends. The protocol is in worker.h. */
#ifndef PMP_ATTACH_MODE_H
#define PMP_ATTACH_MODE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum attach_mode { ATTACH_ONCE, ATTACH_EACH, ATTACH_PLAIN, ATTACH_DUMP };

enum attach_verb {
	VERB_START, /* the answer is hello */
	VERB_WARM,
	/* attach, sample and detach: only in modes that stay attached */
	VERB_ATTACH,
	VERB_SAMPLE,
	VERB_DETACH,
	VERB_ONE_SHOT,         /* only in modes that attach for each sample */
	VERB_SKIP_UNSTOPPABLE, /* continue without threads in state D */
	VERB_FORGET_EXITED,    /* continue without threads that have exited */
	VERB_COUNT
};

struct attach_mode_row {
	const char *name; /* argument of --attach */
	unsigned workers; /* gdbs for one target, which take turns */
	bool agent;       /* runs pmp's scripts: gdb needs Python */
	bool keeps;       /* attached from the first sample to the last */
	/* Lines for gdb; {pid} and other names in braces stand for attach_values. NULL: not in
	 * this mode. */
	const char *commands[VERB_COUNT];
};

#define ATTACH_WORKERS_MAX 2

const struct attach_mode_row *attach_mode_row(enum attach_mode mode);

/* INSTANT, GLUE, LOCALS and STARTED_BY_PMP are in worker.h. */
struct attach_values {
	uint32_t pid;
	uint64_t sample, epoch_us;
	uint64_t now_us; /* VERB_SKIP_UNSTOPPABLE: the time of sending */
	bool locals;
	bool instant;
	bool glue;
	bool started_by_pmp;
	const char *line_prefix; /* of lines that gdb's echo prints for pmp */
	bool other_mounts;       /* the target has its own mounts */
	bool other_root;         /* the target has pmp's mounts, but another root directory */
};

/* Replaces the content of *out. */
void attach_mode_command(const struct attach_mode_row *row, enum attach_verb verb,
                         const struct attach_values *values, struct buf *out);

#endif
