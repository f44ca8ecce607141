/* worker_output: what a worker says, taken apart into events and samples. The protocol is in worker.h. */
#ifndef PMP_WORKER_OUTPUT_H
#define PMP_WORKER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/worker_states.h"
#include "merger/base/buf.h"

/* Bound of what a worker may hold back: one sample's text, one line. */
#define WORKER_OUTPUT_MAX (64u << 20)

enum worker_output_phase {
	WORKER_OUTPUT_OUTSIDE,
	WORKER_OUTPUT_SAMPLE, /* between begin and end */
	WORKER_OUTPUT_ATTACH, /* plain: gdb's chatter while it attaches */
	WORKER_OUTPUT_WALK,   /* plain: the stacks */
	WORKER_OUTPUT_DETACH, /* plain: its chatter while it detaches */
};

struct worker_output {
	char mark[32]; /* what a line of the worker's own begins with */
	bool agent;
	struct buf in;     /* read, and not all taken apart yet */
	struct buf sample; /* whole lines, begin to end, once its end has come */
	struct buf notes;  /* markers outside of samples */
	char why[512];     /* of the last error */
	char last[256];    /* the last line that was none of ours */
	uint64_t pause_us; /* of the last attach, sample or look */

	enum worker_output_phase phase;
	size_t done; /* of in */
	bool greeted, has_frame;
	char stopped[16];   /* the signal by which somebody did; the reader clears it */
	unsigned gdb_major; /* 0: it has not told yet */
	uint32_t pid;
	uint64_t number, epoch_us, held_us;
};

void worker_output_deinit(struct worker_output *text);
/* A command was sent, whose answer is to be taken for this sample. */
void worker_output_begin(struct worker_output *text, uint32_t pid, uint64_t sample,
                         uint64_t epoch_us);
/* The next thing that its lines say; false: none of the whole lines that are there says anything. */
bool worker_output_next(struct worker_output *text, enum worker_event *ret);

#endif
