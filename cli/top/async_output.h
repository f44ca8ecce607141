/* async_output: non-blocking output to a terminal. If the terminal stalls (a dead network
 * connection, a window that is held), pmp must still serve its gdbs. So output goes to memory
 * first, and from there to the terminal when it is ready. */
#ifndef PMP_ASYNC_OUTPUT_H
#define PMP_ASYNC_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/buf.h"

struct async_output {
	/* The caller writes here. Its descriptor is stdout's terminal, or between begin and end
	 * memory. */
	FILE *file;
	int real; /* a duplicate of stdout */
	/* The same terminal, opened again: O_NONBLOCK would otherwise be set for all processes that
	 * share stdout. -1: not possible; file is always the terminal then. */
	int terminal;
	int memory;         /* a memfd; -1: none */
	struct buf pending; /* the bytes that the terminal has not taken yet */
};

/* Opens for stdout. false: no descriptors are left. */
bool async_output_open(struct async_output *output);
void async_output_close(struct async_output *output);

/* Redirects file to memory. */
void async_output_begin(struct async_output *output);
/* Writes the memory's content to the terminal. true: the terminal took all of it. Never waits. */
bool async_output_flush(struct async_output *output);
/* Flushes, waiting up to half a second, and then redirects file to the terminal. false: the
 * terminal did not take everything in time; file is still the memory. */
bool async_output_end(struct async_output *output);

#endif
