#include "merger/text/run_summary.h"

#include <inttypes.h>

static void weight_write(const struct profile *profile, FILE *out)
{
	if (profile->weight == PROFILE_CPU_US)
		fprintf(out, "weight:  CPU time in microseconds, %.2f s in all\n",
		        (double)tree_node(profile->tree, TREE_ROOT)->total / 1e6);
}

static void samples_write(const struct profile_sampling *sampling, FILE *out)
{
	if (!sampling->known) {
		fputs("samples: not known, as this is no recording of pmp's\n", out);
		return;
	}
	fprintf(out,
	        "samples: %" PRIu64 " asked, %" PRIu64 " taken, %" PRIu64 " late, %" PRIu64
	        " failed",
	        sampling->asked, sampling->taken, sampling->late, sampling->failed);
	if (sampling->elapsed_ms)
		fprintf(out, "; %.1f s", (double)sampling->elapsed_ms / 1000);
	if (sampling->achieved_mhz)
		fprintf(out, " at %.1f Hz", (double)sampling->achieved_mhz / 1000);
	if (sampling->rate_mhz)
		fprintf(out, " (%g asked)", (double)sampling->rate_mhz / 1000);
	fputc('\n', out);
}

/* What people read for a mark. */
static const char *const mark_words[QUALITY_COUNT] = {
	[QUALITY_MERGED] = "merged",           [QUALITY_NATIVE_ONLY] = "native only",
	[QUALITY_PYTHON_ONLY] = "Python only", [QUALITY_PARTIAL] = "partly merged",
	[QUALITY_UNPAIRED] = "unpaired",       [QUALITY_LOST] = "lost",
};

static void stacks_write(const struct profile *profile, FILE *out)
{
	fprintf(out, "stacks:  %" PRIu64, profile_stacks(profile));
	if (profile->thread_count)
		fprintf(out, " of %zu thread%s", profile->thread_count,
		        profile->thread_count == 1 ? "" : "s");
	fputs(": ", out);
	/* What is all right is always told, the rest where there is any. */
	for (size_t i = 0; i < QUALITY_COUNT; i++)
		if (i == QUALITY_MERGED || profile->marks[i])
			fprintf(out, "%s%" PRIu64 " %s", i == QUALITY_MERGED ? "" : ", ",
			        profile->marks[i], mark_words[i]);
	fputc('\n', out);
}

static void left_out_write(const struct profile *profile, FILE *out)
{
	uint64_t shown = tree_node(profile->tree, TREE_ROOT)->total;
	uint64_t all = shown + profile->left_out;

	if (!profile->left_out)
		return;
	fprintf(out, "shown:   %" PRIu64 " of %" PRIu64 " %s", shown, all,
	        profile->weight == PROFILE_CPU_US ? "us of CPU" : "stacks");
	if (shown)
		fprintf(out, " (%.1f %%), the whole of the percentages above",
		        100 * (double)shown / (double)all);
	fputc('\n', out);
}

static void cost_write(const struct profile *profile, FILE *out)
{
	const struct profile_sampling *sampling = &profile->sampling;
	const struct profile_pause *pause = &sampling->pause;

	if (pause->known) {
		fputs("pauses:  ", out);
		if (profile->runs > 1)
			fprintf(out, "the worst of %" PRIu64 " runs: ", profile->runs);
		fprintf(out, "first %.2f ms, median %.2f ms, p99 %.2f ms, max %.2f ms",
		        (double)pause->first / 1000, (double)pause->median / 1000,
		        (double)pause->p99 / 1000, (double)pause->max / 1000);
		if (sampling->elapsed_ms)
			fprintf(out, "; stopped for %.2f %% of the time",
			        (double)sampling->stopped_ppm / 10000);
		if (profile->unknown_lines)
			fprintf(out, "; %" PRIu64 " lines of text not understood",
			        profile->unknown_lines);
	} else if (profile->text_lines) {
		fprintf(out, "text:    %" PRIu64 " lines, %" PRIu64 " not understood",
		        profile->text_lines, profile->unknown_lines);
	} else {
		fputs("pauses:  not known", out);
	}
	fputc('\n', out);
}

void run_summary_write(const struct profile *profile, FILE *out)
{
	samples_write(&profile->sampling, out);
	stacks_write(profile, out);
	left_out_write(profile, out);
	weight_write(profile, out);
	cost_write(profile, out);
	for (size_t i = 0; i < profile->note_count; i++) {
		struct span note = intern_get(profile->intern, profile->notes[i]);

		fputs("note: ", out);
		fwrite(note.ptr, 1, note.len, out);
		fputc('\n', out);
	}
}
