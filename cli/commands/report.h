/* report: what a command gives: the profile in the asked-for format on stdout and in a file. */
#ifndef PMP_REPORT_H
#define PMP_REPORT_H

#include <stdbool.h>

#include "merger/stats/profile_diff.h"
#include "cli/options/options.h"

/* Checks what can be known before a run is spent on it: that -o's suffix names a format, that its
 * directory can be written to. */
bool report_check(const struct options *options, struct error *err);

/* Writes the profile as the options ask: with -o to the file (whole or not at all: a new file
 * beside it, then rename), and to stdout. Sets ERROR_OUTPUT when anything could not be written. */
bool report_profile(const struct options *options, const struct profile *profile,
                    struct error *err);

/* What of a profile the options ask for: a part of its time (--from, --to, --running), another weight, a view of it. */
bool report_apply_filters(const struct options *options, struct profile *profile,
                          struct error *err);
/* The same of one that was read: an error says of which. */
bool report_apply_filters_named(const struct options *options, struct profile *profile,
                                const char *name, struct error *err);

/* The same for a comparison, which fewer formats can show. */
bool report_check_diff(const struct options *options, struct error *err);
bool report_diff(const struct options *options, const struct profile_diff *diff, struct error *err);

#endif
