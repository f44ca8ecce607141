/* pmp fold: makes a profile of gdb's text. */
#include <stdio.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/commands/foreign_text.h"
#include "cli/options/command_table.h"
#include "cli/os/input_file.h"
#include "cli/options/options.h"
#include "cli/commands/report.h"
#include "merger/base/printable.h"
#include "cli/os/terminal.h"
#include "merger/formats/file_writers.h"

/* A profile holds no stacks in gdb's form: folding it would silently give an empty result. */
static bool check_no_profile(const char *path, struct span text, struct error *err)
{
	struct printable printable;

	if (!yaml_profile_detect(text))
		return true;
	return error_set(err, ERROR_INPUT, "%s is a profile, not gdb's text; pmp show prints it",
	                 printable_name(&printable, input_file_name(path)));
}

struct folding {
	struct profile_builder *builder;
	struct foreign_text *foreign;
	const char *path;
	bool begun;
};

static bool feed_fold(void *ctx, struct span text, struct error *err)
{
	struct folding *folding = ctx;

	if (!folding->begun && !check_no_profile(folding->path, text, err))
		return false;
	if (!folding->begun)
		foreign_text_look(folding->foreign, input_file_name(folding->path), text);
	folding->begun = true;
	profile_builder_feed(folding->builder, text.ptr, text.len);
	return true;
}

static bool fold_input(struct profile_builder *builder, struct foreign_text *foreign,
                       const char *path, struct error *err)
{
	struct folding folding = { .builder = builder, .foreign = foreign, .path = path };
	bool ok = input_file_each(path, feed_fold, &folding, err);

	profile_builder_end_input(builder);
	return ok;
}

static bool fold_all(struct profile_builder *builder, struct foreign_text *foreign,
                     const struct options *options, struct error *err)
{
	if (!options->operand_count)
		return fold_input(builder, foreign, "-", err);
	for (size_t i = 0; i < options->operand_count; i++)
		if (!fold_input(builder, foreign, options->operands[i], err))
			return false;
	return true;
}

static bool report_fold(const struct options *options, struct profile *profile, struct error *err)
{
	if (!profile_stacks(profile) && !options->quiet)
		fprintf(stderr,
		        "pmp: no stack in %llu lines of text; pmp fold reads what gdb's bt, "
		        "thread apply all bt, py-bt and the like print\n",
		        (unsigned long long)profile->text_lines);
	return report_profile(options, profile, err);
}

bool cmd_fold(const struct options *options, struct error *err)
{
	const struct profile_builder_options builder_options = options_builder(options);
	struct foreign_text foreign = { 0 };
	struct profile_builder *builder;
	struct profile *profile;
	bool ok;

	if (!report_check(options, err))
		return false;
	if (!options->operand_count && terminal_is_tty(stdin) && !options->quiet)
		fputs("pmp: reading gdb's text from the terminal; Ctrl-D ends it\n", stderr);
	builder = profile_builder_create(&builder_options);
	ok = fold_all(builder, &foreign, options, err);
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	if (ok && !profile_stacks(profile))
		ok = foreign_text_check(&foreign, err);
	if (ok)
		ok = report_apply_filters(options, profile, err) &&
		     report_fold(options, profile, err);
	profile_destroy(profile);
	return ok;
}
