#include <string.h>

#include "command.h"
#include "input.h"
#include "options.h"
#include "report.h"
#include "shown.h"

bool cmd_show(const struct options *options, struct error *err)
{
	const char *path = options->operands[0];
	struct buf text = { 0 };
	struct profile *profile = NULL;
	struct shown name;
	bool ok;

	ok = report_check(options, err) && input_read_all(path, &text, err);
	if (ok) {
		shown_name(&name, strcmp(path, "-") ? path : "standard input");
		profile = format_read(buf_span(&text), name.text, err);
		ok = profile && report_cut(options, profile, err) &&
		     report_profile(options, profile, err);
	}
	if (profile)
		profile_destroy(profile);
	buf_deinit(&text);
	return ok;
}
