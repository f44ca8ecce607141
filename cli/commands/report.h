/* report: writes a command's result: the profile in the requested formats, to stdout and to a
 * file. */
#ifndef PMP_REPORT_H
#define PMP_REPORT_H

#include <stdbool.h>

#include "merger/stats/profile_diff.h"
#include "cli/options/options.h"

/* Checks before the run: the suffix of -o names a format, its directory is writable, and so on. */
bool report_check(const struct options *options, struct error *err);

/* Writes the profile to the file of -o (complete or not at all, see output_file.h) and to stdout.
 * ERROR_OUTPUT: part of it could not be written. The text on stdout leaves out threads that slept,
 * which changes the profile. */
bool report_profile(const struct options *options, struct profile *profile, struct error *err);

/* Reduces a profile to what the options select: a part of its time (--from, --to, --running),
 * another weight, functions and threads. */
bool report_apply_filters(const struct options *options, struct profile *profile,
                          struct error *err);
/* The same for a profile that was read: an error begins with its name. */
bool report_apply_filters_named(const struct options *options, struct profile *profile,
                                const char *name, struct error *err);

/* The same for a comparison, which fewer formats support. */
bool report_check_diff(const struct options *options, struct error *err);
bool report_diff(const struct options *options, const struct profile_diff *diff, struct error *err);

#endif
