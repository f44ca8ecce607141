/* format: the table of formats that profiles are written in and read from, one row each. */
#ifndef PMP_FORMAT_H
#define PMP_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

struct profile_diff;

struct format {
	const char *name; /* for --format */
	/* For --output, separated by blanks: ".yaml .yml", or prefixes: "x.*". The longest match
	 * counts. */
	const char *suffixes;
	const char *summary; /* for --help */
	/* Writes only to `out`; does not flush or close it. A write error shows in ferror(out).
	 * The profile is finished and sorted, and is not changed. */
	bool (*write)(const struct profile *profile, const struct write_options *options, FILE *out,
	              struct error *err);
	/* Reads all of `text`; `name` is for messages ("prof.yaml:12: ..."). The caller destroys
	 * the result. Errors are ERROR_INPUT with name, line and reason. NULL: pmp cannot read
	 * the format. */
	struct profile *(*read)(struct span text, const char *name, struct error *err);
	/* True if the text looks like this format. NULL if `read` is NULL. */
	bool (*detect)(struct span text);
	/* Writes a comparison in the same way; may change the order of children. NULL: not
	 * possible. */
	bool (*write_diff)(const struct profile_diff *diff, const struct write_options *options,
	                   FILE *out, struct error *err);
	bool timed;  /* cannot write a profile without a timeline */
	bool binary; /* not for a terminal */
};

const struct format *format_by_name(struct span name);
const struct format *format_by_suffix(struct span file_name);
/* "tree|yaml|..." and ".yaml .yml ...", for messages and help. */
struct format_words {
	char names[200], suffixes[300]; /* cut if the table has too many rows */
	char diffs[100];                /* formats with write_diff */
};

void format_words(struct format_words *ret);
/* The i-th row; NULL after the last. */
const struct format *format_at(size_t i);
/* False: the format needs a timeline, and the profile has none. Writing fails with a message. */
bool format_fits(const struct format *format, const struct profile *profile);
/* Reads a profile in any readable format; NULL and *err after an error. */
struct profile *format_read(struct span text, const char *name, struct error *err);

#endif
