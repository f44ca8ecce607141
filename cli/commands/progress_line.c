#include "cli/commands/progress_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void progress_line_init(struct progress_line *progress, bool quiet, uint64_t asked)
{
	*progress = (struct progress_line){ .on = !quiet && isatty(STDERR_FILENO), .asked = asked };
}

void progress_line_show(struct progress_line *progress,
                        const struct profile_builder_progress *so_far, double seconds_left)
{
	uint64_t tried = so_far->taken + so_far->failed;

	if (!progress->on)
		return;
	progress->shown = true;
	fputs("\r\033[K", stderr);
	if (seconds_left < 0) {
		fputs("pmp: gdb reads symbols, the target runs on ...", stderr);
		fflush(stderr);
		return;
	}
	fprintf(stderr, "pmp: %" PRIu64, so_far->taken);
	if (progress->asked)
		fprintf(stderr, " of %" PRIu64 " samples, %" PRIu64 " %%", progress->asked,
		        tried * 100 / progress->asked);
	else
		fputs(" samples", stderr);
	fprintf(stderr, ", %.0f s left", seconds_left);
	if (so_far->taken)
		fprintf(stderr, ", pause %.1f ms (max %.1f)", (double)so_far->last_pause_us / 1e3,
		        (double)so_far->max_pause_us / 1e3);
	if (so_far->failed)
		fprintf(stderr, ", %" PRIu64 " failed", so_far->failed);
	fflush(stderr);
}

void progress_line_erase(struct progress_line *progress)
{
	if (!progress->on || !progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
