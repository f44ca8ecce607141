/* attach_mode: the ways to attach to a target, one row each: the number of workers, and the
 * commands that a worker sends. The protocol is in worker.h. */
#ifndef PMP_ATTACH_MODE_H
#define PMP_ATTACH_MODE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

enum attach_mode { ATTACH_SEIZE, ATTACH_PLAIN, ATTACH_DUMP };

enum attach_verb {
	VERB_START, /* the answer is hello */
	VERB_WARM,
	VERB_SAMPLE,
	VERB_COUNT
};

struct attach_mode_row {
	const char *name; /* argument of --attach */
	unsigned workers; /* gdbs for one target, which take turns */
	bool agent;       /* runs pmp's scripts: gdb needs Python */
	/* Lines for gdb; {pid} and other names in braces stand for attach_values. */
	const char *commands[VERB_COUNT];
};

#define ATTACH_WORKERS_MAX 2

const struct attach_mode_row *attach_mode_row(enum attach_mode mode);

/* INSTANT, GLUE, EARLY, LOCALS and STARTED_BY_PMP are in worker.h. */
struct attach_values {
	uint32_t pid;
	uint64_t sample, epoch_us;
	bool locals;
	bool instant;
	bool glue;
	bool early;
	bool started_by_pmp;
	const char *line_prefix; /* of lines that gdb's echo prints for pmp */
	bool other_mounts;       /* the target has its own mounts */
	bool other_root;         /* the target has pmp's mounts, but another root directory */
};

/* Replaces the content of *out. */
void attach_mode_command(const struct attach_mode_row *row, enum attach_verb verb,
                         const struct attach_values *values, struct buf *out);

#endif
