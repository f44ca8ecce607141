/* async_output: what is written for a terminal goes out as fast as the terminal takes it, and nobody waits for it: with a
 * terminal that stands still (a network that is gone, a window that is held) pmp has still to look after its gdbs. */
#ifndef PMP_ASYNC_OUTPUT_H
#define PMP_ASYNC_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/buf.h"

struct async_output {
	FILE *file; /* to write to, by its descriptor: stdout's terminal, or while it is caught the memory */
	int real; /* that terminal */
	int terminal; /* the same, opened anew, as what cannot wait must be nobody else's; -1: nothing is caught */
	int memory;
	struct buf pending; /* what the terminal has not taken yet */
};

/* For stdout. false: there are no descriptors left. */
bool async_output_open(struct async_output *output);
void async_output_close(struct async_output *output);

void async_output_begin(struct async_output *output);
/* Hands on what was caught. true: the terminal has taken all of it. Never waits. */
bool async_output_flush(struct async_output *output);
/* Writes to the terminal itself again, behind what was caught. Waits for that for a moment; false: in vain. */
bool async_output_end(struct async_output *output);

#endif
