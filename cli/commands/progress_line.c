#include "cli/commands/progress_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void progress_line_init(struct progress_line *line, bool quiet, uint64_t asked)
{
	*line = (struct progress_line){ .on = !quiet && isatty(STDERR_FILENO), .asked = asked };
}

void progress_line_show(struct progress_line *line, const struct profile_builder_progress *progress,
                        double seconds_left)
{
	uint64_t tried = progress->taken + progress->failed;

	if (!line->on)
		return;
	line->on_screen = true;
	fputs("\r\033[K", stderr);
	if (seconds_left < 0) {
		fputs("pmp: gdb reads symbols, the target runs on ...", stderr);
		fflush(stderr);
		return;
	}
	fprintf(stderr, "pmp: %" PRIu64, progress->taken);
	if (line->asked)
		fprintf(stderr, " of %" PRIu64 " samples, %" PRIu64 " %%", line->asked,
		        tried * 100 / line->asked);
	else
		fputs(" samples", stderr);
	fprintf(stderr, ", %.0f s left", seconds_left);
	if (progress->taken)
		fprintf(stderr, ", pause %.1f ms (max %.1f)", (double)progress->last_pause_us / 1e3,
		        (double)progress->max_pause_us / 1e3);
	if (progress->failed)
		fprintf(stderr, ", %" PRIu64 " failed", progress->failed);
	fflush(stderr);
}

void progress_line_erase(struct progress_line *line)
{
	if (!line->on || !line->on_screen)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	line->on_screen = false;
}
