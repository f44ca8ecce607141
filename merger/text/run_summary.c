#include "merger/text/run_summary.h"

#include <inttypes.h>
#include <math.h>

#include "merger/base/number.h"
#include "merger/profile/function_totals.h"
#include "merger/profile/label.h"

#define ROWS 5        /* number of rows that are compared with the next one */
#define TIMES_MAX 1e6 /* larger factors are not printed */
#define SHARE_MIN 1.0 /* percent: the order of rows below it does not matter */

static void write_weight(const struct profile *profile, FILE *out)
{
	if (profile->weight == PROFILE_CPU_US)
		fprintf(out, "weight:  CPU time in microseconds, %.2f s in all\n",
		        (double)tree_node(profile->tree, TREE_ROOT)->total / 1e6);
}

static void write_samples(const struct profile_sampling *sampling, FILE *out)
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

/* Words for merge_quality. */
static const char *const mark_words[QUALITY_COUNT] = {
	[QUALITY_MERGED] = "merged",           [QUALITY_NATIVE_ONLY] = "native only",
	[QUALITY_PYTHON_ONLY] = "Python only", [QUALITY_PARTIAL] = "partly merged",
	[QUALITY_UNPAIRED] = "unpaired",       [QUALITY_LOST] = "lost",
};

static void write_stacks(const struct profile *profile, FILE *out)
{
	fprintf(out, "stacks:  %" PRIu64, profile_stacks(profile));
	if (profile->thread_count)
		fprintf(out, " of %zu thread%s", profile->thread_count,
		        profile->thread_count == 1 ? "" : "s");
	fputs(": ", out);
	/* Merged stacks are always reported, the others only if there are any. */
	for (size_t i = 0; i < QUALITY_COUNT; i++)
		if (i == QUALITY_MERGED || profile->marks[i])
			fprintf(out, "%s%" PRIu64 " %s", i == QUALITY_MERGED ? "" : ", ",
			        profile->marks[i], mark_words[i]);
	fputc('\n', out);
}

static void write_left_out(const struct profile *profile, FILE *out)
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
	if (profile->sleepers)
		fprintf(out, "; %zu thread%s slept and %s not shown without --sleepers",
		        profile->sleepers, profile->sleepers == 1 ? "" : "s",
		        profile->sleepers == 1 ? "is" : "are");
	fputc('\n', out);
}

static void write_pauses(const struct profile *profile, FILE *out)
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
	write_samples(&profile->sampling, out);
	write_stacks(profile, out);
	write_left_out(profile, out);
	write_weight(profile, out);
	write_pauses(profile, out);
	for (size_t i = 0; i < profile->note_count; i++) {
		struct span note = intern_get(profile->intern, profile->notes[i]);

		fputs("note: ", out);
		fwrite(note.ptr, 1, note.len, out);
		fputc('\n', out);
	}
}

static void write_function_label(const struct tree_error *tree_error, const struct frame *frame,
                                 FILE *out)
{
	const struct label_options label_options = { false, false };
	struct buf label = { 0 };

	label_add(&label, tree_error->profile->intern, frame, &label_options);
	fwrite(label.ptr, 1, label.len, out);
	buf_deinit(&label);
}

/* The error of the difference of two shares (0 to 1) of one whole. They are negatively
 * correlated, like the cells of a multinomial distribution. */
static double combine_errors(double share, double error, double other, double other_error)
{
	double away = (1 - share) * (1 - other);
	double together = away > 0 ? fmin(1, sqrt(share * other / away)) : 1;

	return sqrt(error * error + other_error * other_error + 2 * together * error * other_error);
}

/* Writes a note if the order of the two rows may be chance; returns whether it did. */
static bool write_pair_note(const struct tree_error *tree_error,
                            const struct function_totals_row *first,
                            const struct function_totals_row *second, double first_error,
                            double second_error, FILE *out)
{
	uint64_t whole = tree_node(tree_error->profile->tree, TREE_ROOT)->total;
	double apart = number_percent(first->self - second->self, whole);
	double error = combine_errors(number_percent(first->self, whole) / 100, first_error,
	                              number_percent(second->self, whole) / 100, second_error);
	double needed;

	if (apart > error || number_percent(second->self, whole) < SHARE_MIN)
		return false;
	fputs("note: too few samples to tell which of ", out);
	write_function_label(tree_error, first->frame, out);
	fputs(" and ", out);
	write_function_label(tree_error, second->frame, out);
	fprintf(out, " has more self weight (%.1f and %.1f %%)", number_percent(first->self, whole),
	        number_percent(second->self, whole));
	needed = apart > 0 ? tree_error->errors.samples * (error / apart) * (error / apart)
	                   : INFINITY;
	needed /= tree_error->errors.samples;
	if (needed < TIMES_MAX)
		fprintf(out, ": some %.*f times as many would tell", needed < 10, needed);
	fputc('\n', out);
	return true;
}

void run_summary_write_errors(const struct tree_error *tree_error, FILE *out)
{
	const struct profile *profile = tree_error->profile;
	struct function_totals top;
	double errors[ROWS + 1] = { 0 };

	if (!tree_node(profile->tree, TREE_ROOT)->total)
		return;
	fprintf(out, "errors:  95 %% intervals, from %.0f stack%s", tree_error->errors.samples,
	        tree_error->errors.samples == 1 ? "" : "s");
	if (tree_error->errors.parts)
		fprintf(out, " and their spread over %zu parts of the run",
		        tree_error->errors.parts);
	if (tree_error->errors.independent < 0.95 * tree_error->errors.samples)
		fprintf(out, "; they tell as much as %.0f independent ones",
		        tree_error->errors.independent);
	fputc('\n', out);
	function_totals_init(&top, profile->tree, profile->intern, TOTALS_BY_SELF, ROWS + 1);
	for (size_t i = 0; i < top.count; i++)
		errors[i] = tree_error_percent(
		        tree_error, tree_error_function_self(tree_error, top.rows[i].number),
		        top.rows[i].self);
	for (size_t i = 0; i + 1 < top.count; i++)
		if (write_pair_note(tree_error, &top.rows[i], &top.rows[i + 1], errors[i],
		                    errors[i + 1], out))
			break;
	function_totals_deinit(&top);
}
