#include "merger/text/text_cells.h"

#include <inttypes.h>

#include "merger/base/number.h"
#include "merger/base/text_width.h"
#include "merger/profile/label.h"
#include "merger/text/run_summary.h"
#include "merger/text/text_style.h"

#define FUNCTION_COLUMNS_MIN 24

void text_cells_write_nothing(const struct profile *profile, FILE *out)
{
	if (profile->left_out)
		fputs("No stack is left to show: none is what --thread and --focus name.\n", out);
	else if (profile->emptied)
		fputs("No stack is left to show: --from, --to, --running and --weight leave "
		      "none.\n",
		      out);
	else
		fputs("No stack was got, so there is nothing to show.\n", out);
}

const char *text_cells_plus_minus(const struct write_options *options)
{
	return options->ascii ? "+-" : "\302\261";
}

void text_cells_write_error(const struct write_options *options, FILE *out, double percent)
{
	/* Without decimals from 100 on, which keeps the width. */
	fprintf(out, " %s%4.*f", text_cells_plus_minus(options), percent < 99.95, percent);
}

int text_cells_error_columns(const struct write_options *options)
{
	return options->ascii ? 7 : 6;
}

void text_cells_write_function(const struct write_options *options, FILE *out,
                               const struct intern *intern, const struct frame *frame, int used)
{
	const struct text_style *style = text_style_of_kind(frame->kind);
	const struct label_options label_options = { options->full_paths, false };
	int width = (int)options->width - used - 4;
	size_t room = width > FUNCTION_COLUMNS_MIN ? (size_t)width : FUNCTION_COLUMNS_MIN;
	struct buf text = { 0 };
	struct span label;
	bool cut;

	label_add(&text, intern, frame, &label_options);
	label = buf_span(&text);
	cut = options->width && text_width_of(label) > room;
	if (cut)
		label = text_width_cut(label, room - 1);
	text_style_write(options, out, style->colour);
	fprintf(out, "%s  %.*s", style->tag, SPAN_ARG(label));
	text_style_write(options, out, TEXT_OFF);
	fputs(!cut ? "" : options->ascii ? "." : "\342\200\246", out);
	fputc('\n', out);
	buf_deinit(&text);
}

void text_cells_init(struct text_cells *ret, const struct profile *profile,
                     const struct write_options *options, bool intervals, FILE *out)
{
	int digits;

	*ret = (struct text_cells){
		.profile = profile,
		.options = options,
		.out = out,
		.whole = tree_node(profile->tree, TREE_ROOT)->total,
		.intervals = intervals,
	};
	digits = snprintf(NULL, 0, "%" PRIu64, ret->whole);
	ret->count_width = digits > 7 ? digits : 7;
	if (intervals)
		tree_error_init(&ret->tree_error, profile, NULL, NULL);
}

void text_cells_deinit(struct text_cells *cells)
{
	if (cells->intervals)
		tree_error_deinit(&cells->tree_error);
}

const char *text_cells_unit(const struct text_cells *cells)
{
	return cells->profile->weight == PROFILE_CPU_US ? "CPU us" : "samples";
}

static int count_error_columns(const struct text_cells *cells)
{
	return cells->intervals ? text_cells_error_columns(cells->options) : 0;
}

int text_cells_unit_columns(const struct text_cells *cells)
{
	return cells->count_width + count_error_columns(cells);
}

int text_cells_columns(const struct text_cells *cells)
{
	return 7 + text_cells_unit_columns(cells);
}

void text_cells_write_weight(const struct text_cells *cells, uint64_t weight, size_t key)
{
	fprintf(cells->out, "%5.1f%%", number_percent(weight, cells->whole));
	if (cells->intervals)
		text_cells_write_error(cells->options, cells->out,
		                       tree_error_percent(&cells->tree_error, key, weight));
	fprintf(cells->out, " %*" PRIu64, cells->count_width, weight);
}

void text_cells_write_sum(const struct text_cells *cells, uint64_t weight)
{
	fprintf(cells->out, "%5.1f%%%*s %*" PRIu64, number_percent(weight, cells->whole),
	        count_error_columns(cells), "", cells->count_width, weight);
}

void text_cells_write_summary(const struct text_cells *cells)
{
	fputc('\n', cells->out);
	run_summary_write(cells->profile, cells->out);
	if (cells->intervals)
		run_summary_write_errors(&cells->tree_error, cells->out);
}
