/* pmp diff: compares two profiles. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "merger/stats/profile_diff.h"
#include "cli/options/command_table.h"
#include "cli/options/options.h"
#include "cli/commands/profile_input.h"
#include "cli/commands/report.h"
#include "merger/base/printable.h"

/* Reads one profile and applies the filters (--focus ..), which are the same for both. NULL:
 * *err. */
static struct profile *read_side(const struct options *options, const char *path, struct error *err)
{
	struct profile *profile = profile_input_read_one(path, err);
	struct printable name;

	if (profile &&
	    report_apply_filters_named(options, profile, printable_name(&name, path), err))
		return profile;
	profile_destroy(profile);
	return NULL;
}

static bool compare_profiles(const struct options *options, const struct profile *before,
                             const struct profile *after, struct error *err)
{
	struct profile_diff diff;
	struct printable names[DIFF_SIDES];
	bool ok = profile_diff_init(&diff, before, after, err);

	for (size_t i = 0; i < DIFF_SIDES; i++)
		diff.sides[i].name = printable_name(&names[i], options->operands[i]);
	ok = ok && report_diff(options, &diff, err);
	profile_diff_deinit(&diff);
	return ok;
}

static bool check_inputs(const struct options *options, struct error *err)
{
	if (strcmp(options->operands[0], "-") != 0 || strcmp(options->operands[1], "-") != 0)
		return true;
	return error_set(err, ERROR_USAGE,
	                 "diff cannot read both profiles from standard input; name a file for one");
}

bool cmd_diff(const struct options *options, struct error *err)
{
	struct profile *before = NULL, *after = NULL;
	bool ok;

	ok = report_check_diff(options, err) && check_inputs(options, err);
	before = ok ? read_side(options, options->operands[0], err) : NULL;
	after = before ? read_side(options, options->operands[1], err) : NULL;
	ok = after && compare_profiles(options, before, after, err);
	profile_destroy(before);
	profile_destroy(after);
	return ok;
}
