/* pmp top: samples live processes and shows the result while it samples. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cli/top/top.h"
#include "cli/options/command_table.h"
#include "merger/text/run_summary.h"
#include "cli/os/clock.h"
#include "cli/options/options.h"
#include "cli/commands/report.h"
#include "cli/top/screen.h"
#include "cli/os/signals.h"
#include "cli/sampler/supervisor.h"
#include "cli/proc/process.h"
#include "cli/top/display.h"

struct watching {
	const struct options *options;
	struct profile_builder *builder;
	struct top_display *display;
	bool dismissed; /* the user quit by a key */
};

static bool feed_top(void *ctx, const char *text, size_t len, struct error *err)
{
	struct watching *watching = ctx;

	(void)err;
	profile_builder_feed(watching->builder, text, len);
	return true;
}

static void tick_display(void *ctx, double seconds_left)
{
	struct watching *watching = ctx;

	top_display_tick(watching->display, seconds_left);
}

static void show_note_line(void *ctx, const char *text)
{
	struct watching *watching = ctx;

	top_display_note(watching->display, text);
}

static bool handle_keys(void *ctx)
{
	struct watching *watching = ctx;

	watching->dismissed = !top_display_keys(watching->display);
	return !watching->dismissed;
}

static bool have_all_ended(const struct options *options)
{
	for (size_t i = 0; i < options->pid_count; i++)
		if (process_life(options->pids[i], 0) == PROCESS_ALIVE)
			return false;
	return true;
}

static void handle_signals(const struct signals *signals, struct error *end)
{
	for (int n; (n = signals_next((struct signals *)signals));) {
		if (n == SIGINT)
			error_set(end, ERROR_INTERRUPTED, "interrupted");
		else if (n != SIGCHLD)
			error_set(end, (enum error_code)(128 + n), "ended by signal %d (%s)", n,
			          strsignal(n));
	}
}

/* Keeps the display after the processes have ended, until the user quits. */
static void show_after_end(struct watching *watching, struct screen *screen,
                           const struct signals *signals, struct error *end)
{
	top_display_end(watching->display);
	while (!watching->dismissed && end->code == ERROR_NONE) {
		struct pollfd polls[] = {
			{ .fd = signals->fd, .events = POLLIN },
			{ .fd = screen_fd(screen), .events = POLLIN },
		};
		struct timespec wait;

		top_display_tick(watching->display, 0);
		if (ppoll(polls, 2,
		          clock_wait(clock_now_us(), top_display_due(watching->display), &wait),
		          NULL) < 0 &&
		    errno != EINTR)
			break;
		handle_signals(signals, end);
		if (polls[1].revents)
			handle_keys(watching);
	}
}

/* Prints the summary to the restored screen, and writes the file of -o. */
static bool report_top(const struct options *options, struct profile_builder *builder, bool quiet,
                       struct error *err)
{
	struct options only_file = *options;
	struct profile *profile = profile_builder_finish(builder);
	bool ok = true;

	only_file.quiet = true;
	if (options->output)
		ok = report_profile(&only_file, profile, err);
	if (!quiet)
		run_summary_write(profile, stdout);
	profile_destroy(profile);
	return ok;
}

static bool watch_targets(struct watching *watching, struct screen *screen,
                          const struct signals *signals, struct error *end)
{
	const struct options *options = watching->options;
	const struct recorder_sink sink = {
		.text = feed_top,
		.progress = tick_display,
		.note = show_note_line,
		.ctx = watching,
		.input = handle_keys,
		.input_fd = screen_fd(screen),
	};
	bool ok = supervisor_run(options, &sink, end);

	if (ok && end->code == ERROR_NONE && !watching->dismissed && have_all_ended(options))
		show_after_end(watching, screen, signals, end);
	return ok;
}

static bool check_output(const struct options *options, struct error *err)
{
	struct options quiet = *options;

	quiet.quiet = true;
	return !options->output || report_check(&quiet, err);
}

bool cmd_top(const struct options *options, struct error *err)
{
	struct profile_builder_options builder_options = options_builder(options);
	struct watching watching = { .options = options };
	struct signals signals;
	struct screen *screen;
	struct error end = { 0 };
	bool ok, quiet;

	if (!check_output(options, err) || !signals_init(&signals, false, err))
		return false;
	screen = screen_open(err);
	if (!screen) {
		signals_deinit(&signals);
		return false;
	}
	builder_options.recent_us = TOP_RECENT_US;
	watching.builder = profile_builder_create(&builder_options);
	watching.display = top_display_create(options, watching.builder, screen);
	ok = watch_targets(&watching, screen, &signals, &end);
	quiet = !screen_close(screen) || options->quiet;
	signals_deinit(&signals);
	top_display_destroy(watching.display);
	if (ok)
		ok = report_top(options, watching.builder, quiet, err);
	else if (watching.dismissed && end.code == ERROR_FAILED)
		ok = puts("no sample was taken") >= 0, end = (struct error){ 0 };
	profile_builder_destroy(watching.builder);
	/* The error that ended the run early is reported last and gives the exit code, unless the
	 * results could not be written. */
	if (end.code != ERROR_NONE)
		return error_set(err, end.code, "%s", end.text);
	return ok;
}
