/* worker_output: splits the output of a worker into events and samples. The protocol is in
 * worker.h. */
#ifndef PMP_WORKER_OUTPUT_H
#define PMP_WORKER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/worker_states.h"
#include "merger/base/buf.h"

/* Bytes of one sample, or of notes that the caller has not cleared. */
#define WORKER_OUTPUT_MAX (64u << 20)

enum worker_output_phase {
	WORKER_OUTPUT_OUTSIDE,
	WORKER_OUTPUT_SAMPLE, /* between begin and end */
	WORKER_OUTPUT_ATTACH, /* plain: gdb's messages while it attaches */
	WORKER_OUTPUT_WALK,   /* plain: the stacks */
	WORKER_OUTPUT_DETACH, /* plain: gdb's messages while it detaches */
};

struct worker_output {
	char line_prefix[32]; /* of the lines of the protocol; all other lines are gdb's */
	bool agent;
	struct buf in;       /* read; `done` bytes of it are parsed */
	struct buf sample;   /* whole lines, begin to end; complete at WORKER_SAYS_END */
	struct buf notes;    /* lines for the recording from outside of samples */
	char why[512];       /* the last error */
	char last_line[256]; /* the last line without line_prefix */
	uint64_t pause_us;   /* of the last sample */
	char no_seize[128];  /* why the agent cannot seize threads; empty: it can */

	/* For worker_output.c only. */
	enum worker_output_phase phase;
	size_t done;
	bool has_hello, has_frame;
	unsigned gdb_major; /* 0: unknown */
	uint32_t pid;
	uint64_t sample_number, epoch_us, attach_us;
};

void worker_output_deinit(struct worker_output *output);
/* Call when a command is sent: its answer belongs to this sample. */
void worker_output_begin(struct worker_output *output, uint32_t pid, uint64_t sample,
                         uint64_t epoch_us);
/* Parses whole lines of output->in up to the next event. false: they contain no further event. */
bool worker_output_next(struct worker_output *output, enum worker_event *ret);

#endif
