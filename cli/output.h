/* output: a file that appears whole or not at all. */
#ifndef PMP_OUTPUT_H
#define PMP_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "../merger/error.h"

struct output {
	FILE *file;
	const char *path; /* as given; NULL: stdout */
	char *temporary; /* the name beside it, NULL where it is written in place (stdout, pipe, device) */
};

/* "-" is stdout. A regular file, or none yet: written beside it and renamed at output_commit, with the
 * permissions of the one it replaces (0666 less umask if new; a symbolic link is followed). */
bool output_open(struct output *output, const char *path, struct error *err);
/* Flushes, checks, syncs nothing, renames. On an error nothing is left behind, and the old file stays. */
bool output_commit(struct output *output, struct error *err);
/* Gives up: removes what was begun. Harmless after a commit. */
void output_abandon(struct output *output);

#endif
