/* pmp show: writes a profile in another format, or a part of it. */
#include "cli/commands/commands.h"
#include "cli/options/command_table.h"
#include "cli/options/options.h"
#include "cli/commands/profile_input.h"
#include "cli/commands/report.h"
#include "merger/base/printable.h"

bool cmd_show(const struct options *options, struct error *err)
{
	struct profile *profile;
	struct printable name;
	bool ok;

	if (!report_check(options, err))
		return false;
	profile = profile_input_read_one(options->operands[0], err);
	ok = profile &&
	     report_apply_filters_named(options, profile,
	                                printable_name(&name, options->operands[0]), err) &&
	     report_profile(options, profile, err);
	profile_destroy(profile);
	return ok;
}
