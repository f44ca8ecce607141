/* output_file: a file that appears whole or not at all. */
#ifndef PMP_OUTPUT_FILE_H
#define PMP_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

/* {0}: no file (an option that was not given). write, commit and abandon do nothing then. */
struct output_file {
	FILE *file;
	const char *path; /* as given; NULL: stdout */
	char *text;       /* what goes to stdout, where a pager may show it; file writes it */
	size_t len;
	char *target;    /* what will be replaced, links followed; NULL: written in place */
	char *temporary; /* the name beside it that is renamed to target */
	bool named;      /* temporary exists; until then nothing is left however pmp ends */
};

/* What can be known before anything is written: that the directory is there and can be written to. */
bool output_file_check(const char *path, struct error *err);

/* "-" is stdout, by a pager perhaps (pager.h). A regular file, or none yet: written beside it and renamed at output_file_commit, with the
 * permissions of the one it replaces (0666 less umask if new; a symbolic link is followed).
 * Pipes, devices and descriptors (/dev/stdout, /proc/self/fd/3) are written in place.
 * Errors, here and below, are ERROR_OUTPUT. */
bool output_file_open(struct output_file *output, const char *path, struct error *err);
/* The same for standard error. */
bool output_file_open_errors(struct output_file *output, struct error *err);
/* Not for stdout. */
bool output_file_write(struct output_file *output, struct span bytes, struct error *err);
/* Flushes, checks, syncs nothing, renames. On an error nothing is left behind, and the old file stays.
 * Where stdout's reader went away (`pmp ... | head`) the error has no text: there is no one to tell. */
bool output_file_commit(struct output_file *output, struct error *err);
/* Gives up: removes what was begun. Harmless after a commit. */
void output_file_abandon(struct output_file *output);

/* Flushes stdout and says whether all that was ever printed there arrived. */
bool output_file_finish_stdout(struct error *err);

#endif
