/* format: the formats that a profile can be written in and read from, a row each. */
#ifndef PMP_FORMAT_H
#define PMP_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/error.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

struct profile_diff;

struct format {
	const char *name; /* of --format */
	/* Of --output, blank-separated: ".yaml .yml", or beginnings: "x.*". The longest match counts. */
	const char *suffixes;
	const char *summary; /* for --help */
	/* Writes to `out` and nothing else; does not flush or close. A write error shows in ferror(out).
	 * The profile is finished and sorted, and is not changed. */
	bool (*write)(const struct profile *profile, const struct write_options *view, FILE *out,
	              struct error *err);
	/* Reads all of `text`; `name` is for messages ("prof.yaml:12: ..."). The caller destroys *ret.
	 * NULL: the format cannot be read. Errors are ERROR_INPUT with name, line and reason. */
	struct profile *(*read)(struct span text, const char *name, struct error *err);
	/* True if the text looks like this format. NULL where read is. */
	bool (*detect)(struct span text);
	/* Writes a comparison, in the same way; NULL: the format has none. Children may be put in another order. */
	bool (*write_diff)(const struct profile_diff *diff, const struct write_options *view,
	                   FILE *out, struct error *err);
	bool timed;  /* it shows the time: a profile without a timeline cannot be written */
	bool binary; /* nothing for a terminal */
};

const struct format *format_by_name(struct span name);
const struct format *format_by_suffix(struct span file_name);
/* "tree|yaml|...", and all suffixes, ".yaml .yml ...": for messages and help. */
struct format_words {
	char names[200], suffixes[300]; /* cut if there are too many rows */
	char diffs[100];                /* names of those that a comparison can be written in */
};

void format_words(struct format_words *ret);
/* The i-th row, NULL behind the last. */
const struct format *format_at(size_t i);
/* False: it shows the time, and this profile has no timeline. Its write fails, and says so. */
bool format_fits(const struct format *format, const struct profile *profile);
/* Reads a profile in whichever readable format the text is; NULL and *err otherwise. */
struct profile *format_read(struct span text, const char *name, struct error *err);

#endif
