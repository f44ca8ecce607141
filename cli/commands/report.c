#include "cli/commands/report.h"

#include <string.h>
#include <unistd.h>

#include "merger/formats/format.h"
#include "merger/profile/levels.h"
#include "cli/os/output_file.h"
#include "merger/base/printable.h"
#include "cli/os/terminal.h"
#include "merger/profile/write_options.h"

/* Nodes below this share are folded into one line of the tree. */
#define TREE_MIN_PERCENT 1.0

/* The result of -o and -f: a file or none, and the format on stdout. */
struct plan {
	const char *path;               /* NULL: no file */
	const struct format *in_file;   /* of path */
	const struct format *on_stdout; /* NULL: nothing */
	bool on_stderr; /* instead of stdout, which belongs to pmp's child program */
};

/* What is written: one of the two, the other is NULL. */
struct subject {
	struct profile *profile;
	const struct profile_diff *diff;
};

/* usual: the text format of the command, used unless -f names one. */
static bool make_plan(const struct options *options, const char *usual, struct plan *plan,
                      struct error *err)
{
	const struct format *tree = format_by_name(span_of(usual));
	struct format_words words;
	struct printable printable;

	*plan = (struct plan){ 0 };
	plan->on_stderr = options->program && !options->output;
	if (options->top)
		tree = format_by_name(SPAN_LIT("flat"));
	if (options->top && options->format && options->format != tree &&
	    (!options->output || !strcmp(options->output, "-")))
		return error_set(
		        err, ERROR_USAGE,
		        "--top is of the table of functions, not of -f %s; leave -f out, or say "
		        "-f flat",
		        options->format->name);
	if (!options->output || !strcmp(options->output, "-")) {
		plan->on_stdout = options->format ? options->format : tree;
		if (!plan->on_stdout->binary ||
		    !isatty(plan->on_stderr ? STDERR_FILENO : STDOUT_FILENO))
			return true;
		return error_set(err, ERROR_USAGE,
		                 "-f %s is no text for a terminal; say -o FILE, or send it on",
		                 plan->on_stdout->name);
	}
	plan->on_stderr = options->program;
	plan->path = options->output;
	plan->in_file =
	        options->format ? options->format : format_by_suffix(span_of(options->output));
	plan->on_stdout = options->quiet ? NULL : tree;
	if (plan->in_file)
		return true;
	format_words(&words);
	return error_set(err, ERROR_USAGE,
	                 "-o %s: its suffix names no format; it wants one of %s, or say -f %s",
	                 printable_name(&printable, options->output), words.suffixes, words.names);
}

/* Rejects formats that a sum cannot be written as, before any input is read. */
static bool check_merge(const struct plan *plan, struct error *err)
{
	const struct format *format = plan->in_file ? plan->in_file : plan->on_stdout;

	if (!format || !format->timed)
		return true;
	return error_set(err, ERROR_USAGE,
	                 "a sum has no timeline, and cannot be written as %s; pmp show writes each "
	                 "profile so",
	                 format->name);
}

bool report_check(const struct options *options, struct error *err)
{
	struct plan plan;

	return make_plan(options, "tree", &plan, err) &&
	       (options->command->bit != COMMAND_MERGE || check_merge(&plan, err)) &&
	       (!plan.path || output_file_check(plan.path, err));
}

bool report_check_diff(const struct options *options, struct error *err)
{
	struct format_words words;
	struct plan plan;

	if (!make_plan(options, "flat", &plan, err) ||
	    (plan.path && !output_file_check(plan.path, err)))
		return false;
	format_words(&words);
	if ((!plan.in_file || plan.in_file->write_diff) &&
	    (!plan.on_stdout || plan.on_stdout->write_diff))
		return true;
	return error_set(err, ERROR_USAGE, "a comparison cannot be written as %s; it wants -f %s",
	                 plan.in_file && !plan.in_file->write_diff ? plan.in_file->name
	                                                           : plan.on_stdout->name,
	                 words.diffs);
}

/* path NULL: standard error. */
static bool write_result(const char *path, const struct format *format,
                         const struct subject *subject, const struct options *options,
                         struct error *err)
{
	struct write_options write_options = {
		.full_paths = options->full_paths,
		.ascii = !terminal_is_utf8(),
		.min_percent = options->min_percent >= 0 ? options->min_percent : TREE_MIN_PERCENT,
		.rows = options->top,
		.intervals = options->intervals,
	};
	struct output_file output;

	if (options->all)
		write_options.min_percent = 0;
	write_options.all = options->all;
	if (!(path ? output_file_open(&output, path, err) : output_file_open_errors(&output, err)))
		return false;
	if (!path || !output.path) {
		FILE *screen = path ? stdout : output.file;

		write_options.colour = terminal_has_colour(screen);
		write_options.width = terminal_width(screen);
	}
	if (subject->diff ? format->write_diff(subject->diff, &write_options, output.file, err)
	                  : format->write(subject->profile, &write_options, output.file, err))
		return output_file_commit(&output, err);
	/* After a failed write, the commit gives the better message; it renames nothing then. */
	if (!err->code && ferror(output.file))
		return output_file_commit(&output, err);
	output_file_abandon(&output);
	return error_set(err, ERROR_OUTPUT, "the profile cannot be written as %s", format->name);
}

/* In a table a library has one row, whatever called it. */
static bool shows_table(const struct options *options)
{
	return options->top || (options->format && !strcmp(options->format->name, "flat"));
}

bool report_apply_filters(const struct options *options, struct profile *profile, struct error *err)
{
	struct time_window window = options->window;
	struct profile_filter filter = options->filter;

	window.weight = options->weight == WEIGHT_AS_IS ? profile->weight
	                : options->weight == WEIGHT_CPU ? PROFILE_CPU_US
	                                                : PROFILE_SAMPLES;
	if (!time_window_apply(profile, &window, err))
		return false;
	filter.lines = options->lines && !tree_by_line(profile->tree);
	filter.threads = options->threads && !level_has_threads(profile);
	filter.fold_library = filter.fold_library && !options->all;
	filter.uncounted = (options->command->bit & (COMMAND_MERGE | COMMAND_DIFF)) ||
	                   filter.invert || shows_table(options);
	return profile_filter_apply(profile, &filter, err);
}

bool report_apply_filters_named(const struct options *options, struct profile *profile,
                                const char *name, struct error *err)
{
	struct error own = { 0 };

	if (report_apply_filters(options, profile, &own))
		return true;
	if (own.code == ERROR_USAGE)
		return error_set(err, own.code, "%s", own.text);
	return error_set(err, own.code, "%s: %s", name, own.text);
}

/* What people read on the screen shows the threads that ran, unless the user has chosen threads or
 * stacks, or sees each thread. Files have all of them. */
static void leave_out_sleepers(const struct options *options, struct profile *profile)
{
	const struct profile_filter filter = { .awake = true };
	struct error none = { 0 };

	if (!options->sleepers && !options->all && !level_has_threads(profile) &&
	    !options->filter.thread && !options->filter.focus && !options->window.running &&
	    profile->weight == PROFILE_SAMPLES)
		profile_filter_apply(profile, &filter,
		                     &none); /* without a pattern it cannot fail */
}

static bool is_for_people(const struct format *format)
{
	return !strcmp(format->name, "tree") || !strcmp(format->name, "flat");
}

static bool report_subject(const struct options *options, const char *usual,
                           const struct subject *subject, struct error *err)
{
	struct error own = { 0 };
	struct plan plan;

	if (make_plan(options, usual, &plan, &own)) {
		if (plan.path)
			write_result(plan.path, plan.in_file, subject, options, &own);
		/* Even if the file failed: the result of a run must not be lost. */
		if (plan.on_stdout && subject->profile && is_for_people(plan.on_stdout))
			leave_out_sleepers(options, subject->profile);
		if (plan.on_stdout)
			write_result(plan.on_stderr ? NULL : "-", plan.on_stdout, subject, options,
			             &own);
	}
	/* Precedence: an error that ended the run early, then this error, then Ctrl-C. */
	if (own.code && (!err->code || err->code == ERROR_INTERRUPTED))
		*err = own;
	return !own.code;
}

bool report_profile(const struct options *options, struct profile *profile, struct error *err)
{
	return report_subject(options, "tree", &(struct subject){ .profile = profile }, err);
}

bool report_diff(const struct options *options, const struct profile_diff *diff, struct error *err)
{
	return report_subject(options, "flat", &(struct subject){ .diff = diff }, err);
}
