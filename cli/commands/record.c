/* pmp record and pmp run: sample live processes, and report. */
#include "cli/commands/commands.h"
#include "cli/options/command_table.h"
#include "cli/options/options.h"
#include "cli/os/output_file.h"
#include "cli/commands/progress_line.h"
#include "cli/commands/report.h"
#include "cli/sampler/supervisor.h"
#include "merger/base/escape.h"

struct recording {
	struct profile_builder *builder;
	struct progress_line progress_line;
	struct output_file raw; /* --save-raw; file NULL: none */
	bool quiet;
};

static bool feed_recording(void *ctx, const char *text, size_t len, struct error *err)
{
	struct recording *recording = ctx;

	if (!output_file_write(&recording->raw, (struct span){ text, len }, err))
		return false;
	profile_builder_feed(recording->builder, text, len);
	return true;
}

static void show_progress_line(void *ctx, double seconds_left)
{
	struct recording *recording = ctx;
	struct profile_builder_progress so_far = profile_builder_progress(recording->builder);

	progress_line_show(&recording->progress_line, &so_far, seconds_left);
}

static void print_note(void *ctx, const char *text)
{
	struct recording *recording = ctx;
	struct buf clean = { 0 };

	if (recording->quiet)
		return;
	progress_line_erase(&recording->progress_line);
	escape_add(&clean, span_of(text));
	fprintf(stderr, "pmp: note: %.*s\n", SPAN_ARG(clean));
	buf_deinit(&clean);
}

/* The raw text is written first: it is needed most if the report fails. */
static bool report_recording(const struct options *options, struct recording *recording,
                             struct error *err)
{
	struct profile *profile;
	bool ok;

	profile_builder_end_input(recording->builder);
	profile = profile_builder_finish(recording->builder);
	ok = output_file_commit(&recording->raw, err);
	/* If the filters fail, the whole profile is reported rather than lost. */
	ok = report_apply_filters(options, profile, err) && ok;
	ok = report_profile(options, profile, err) && ok;
	profile_destroy(profile);
	return ok;
}

static bool is_stdout(const char *output)
{
	return output && !strcmp(output, "-");
}

static void set_up_recording(const struct options *options, struct recording *recording)
{
	const struct profile_builder_options builder_options = options_builder(options);

	/* The report of `pmp run` holds the notes too, and goes to stderr as well. */
	recording->quiet = options->quiet || (options->program && !is_stdout(options->output));
	recording->builder = profile_builder_create(&builder_options);
	/* No progress between the lines that the child program prints. */
	progress_line_init(&recording->progress_line, options->quiet || options->program,
	                   options->children ? 0 : options->samples * options->pid_count);
}

bool cmd_record(const struct options *options, struct error *err)
{
	struct recording recording = { 0 };
	const struct recorder_sink sink = { .text = feed_recording,
		                            .progress = show_progress_line,
		                            .note = print_note,
		                            .ctx = &recording };
	struct error end = { 0 };
	bool ok;

	if (!report_check(options, err))
		return false;
	if (options->save_raw && !output_file_open(&recording.raw, options->save_raw, err))
		return false;
	set_up_recording(options, &recording);
	ok = supervisor_run(options, &sink, &end);
	progress_line_erase(&recording.progress_line);
	if (ok)
		ok = report_recording(options, &recording, err);
	else
		output_file_abandon(&recording.raw);
	profile_builder_destroy(recording.builder);
	/* The error that ended the run early is reported last and gives the exit code, unless the
	 * results could not be written. */
	if (end.code != ERROR_NONE)
		return error_set(err, end.code, "%s", end.text);
	return ok;
}
