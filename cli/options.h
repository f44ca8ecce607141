/* options: the command line, as a table of rows; help, man page and completion words come from the same rows. */
#ifndef PMP_OPTIONS_H
#define PMP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "../merger/merger.h"

enum attach_mode { ATTACH_ONCE, ATTACH_EACH, ATTACH_PLAIN };

struct options {
	/* what to sample */
	uint32_t *pids;
	size_t pid_count;
	bool children;    /* and their descendants */
	uint64_t samples; /* -n; 0: as many as -d gives */
	double rate_hz;   /* -r */
	double seconds;   /* -d; 0: as long as -n takes */
	enum attach_mode attach;
	const char *gdb;      /* --gdb; NULL: "gdb" on PATH */
	const char *save_raw; /* --save-raw; NULL: none */
	/* what to make of it */
	const char *output;          /* -o; NULL: none */
	const struct format *format; /* -f; NULL: tree on stdout, or what -o's suffix says */
	bool threads, lines, glue, full_paths, quiet;
	/* the words that are not options: files */
	const char **operands;
	size_t operand_count;
};

/* Parses argv[1..] for `command`. Prints --help itself and sets *done. Strings are argv's.
 * false: *err is ERROR_USAGE. The caller frees with options_deinit in every case. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   bool *done, struct error *err);
void options_deinit(struct options *options);

#endif
