/* output_file: a file that appears complete, or not at all. All errors are ERROR_OUTPUT. */
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
	char *text;       /* written by file: the text for stdout, if a pager may show it */
	size_t len;
	char *target; /* the file that will be replaced, links followed; NULL: written in place */
	char *temporary; /* the name beside target that is renamed to it */
	bool named; /* temporary exists; before that, pmp can end at any time and leave nothing */
};

/* Checks before anything is written: the directory exists and is writable, and so on. */
bool output_file_check(const char *path, struct error *err);

/* "-" is stdout, possibly through a pager (pager.h). A regular file, or a new one, is written
 * beside its place and renamed by output_file_commit. It gets the permissions of the file it
 * replaces (0666 less umask if it is new); symbolic links are followed. Pipes, devices and
 * descriptors (/dev/stdout, /proc/self/fd/3) are written in place. */
bool output_file_open(struct output_file *output, const char *path, struct error *err);
/* The same for standard error. */
bool output_file_open_errors(struct output_file *output, struct error *err);
/* Not for stdout. */
bool output_file_write(struct output_file *output, struct span bytes, struct error *err);
/* Flushes, checks for write errors, and renames; it does not fsync. After an error no new file
 * exists, and the old one is unchanged. If the reader of stdout is gone (`pmp ... | head`), the
 * error has no text: pmp ends silently then. */
bool output_file_commit(struct output_file *output, struct error *err);
/* Removes the unfinished file. Does nothing after a commit. */
void output_file_abandon(struct output_file *output);

/* Flushes stdout. false: some of the output to stdout was lost. */
bool output_file_finish_stdout(struct error *err);

#endif
