/* diff_text: two compared profiles as a table of functions and as a tree. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/stats/profile_diff.h"
#include "merger/text/text_cells.h"
#include "merger/text/text_style.h"
#include "merger/text/text_writers.h"
#include "merger/text/tree_text.h"

#define ROWS 30               /* unless options->rows */
#define SHARE_SHOWN 0.0005    /* rows with smaller shares on both sides are left out */
#define COLOUR_MORE "\33[31m" /* a larger share */
#define COLOUR_LESS "\33[32m"
#define SECONDS 1e6 /* weights are in microseconds */

struct diff_writer {
	const struct profile_diff *diff;
	const struct write_options *options;
	FILE *out;
};

/* "  28.0%   22.9%  -5.1 ±1.2". The change is coloured if it is larger than its error. */
static void write_share(const struct diff_writer *writer, const struct diff_share *share)
{
	double change = 100 * diff_change(share);
	bool clear = fabs(change) > 100 * share->error;

	fprintf(writer->out, "%6.1f%% %6.1f%% ", 100 * share->before, 100 * share->after);
	if (clear)
		text_style_write(writer->options, writer->out,
		                 change > 0 ? COLOUR_MORE : COLOUR_LESS);
	fprintf(writer->out, "%+6.1f", change);
	if (clear)
		text_style_write(writer->options, writer->out, TEXT_OFF);
	text_cells_write_error(writer->options, writer->out, 100 * share->error);
}

static int count_share_columns(const struct diff_writer *writer)
{
	return 22 + text_cells_error_columns(writer->options);
}

static void write_diff_row(const struct diff_writer *writer, const struct diff_row *row)
{
	fputs(row->sure ? "* " : "  ", writer->out);
	write_share(writer, &row->self);
	fprintf(writer->out, "  %+6.1f", 100 * diff_change(&row->total));
	fputs("  ", writer->out);
	text_cells_write_function(writer->options, writer->out, writer->diff->joint->intern,
	                          row->frame, count_share_columns(writer) + 12);
}

static bool is_row_shown(const struct diff_row *row)
{
	return row->self.before >= SHARE_SHOWN || row->self.after >= SHARE_SHOWN ||
	       fabs(diff_change(&row->total)) >= SHARE_SHOWN;
}

/* The part of a side that its shares refer to, if filters removed some. */
static void write_shown(const struct diff_writer *writer, size_t side)
{
	double shown = writer->diff->sides[side].weight;
	double all = shown + (double)writer->diff->sides[side].left_out;

	if (writer->diff->weight == PROFILE_CPU_US)
		fprintf(writer->out, ", %.2f s of CPU", all / SECONDS);
	if (!writer->diff->sides[side].left_out)
		return;
	if (writer->diff->weight == PROFILE_CPU_US)
		fprintf(writer->out, ", of which %.2f s are shown", shown / SECONDS);
	else
		fprintf(writer->out, ", of which %.0f are shown", shown);
}

static void write_sides(const struct diff_writer *writer)
{
	static const char *const words[DIFF_SIDES] = { "before", "after" };

	for (size_t i = 0; i < DIFF_SIDES; i++) {
		const char *name = writer->diff->sides[i].name;

		fprintf(writer->out, "%-7s %s: %" PRIu64 " stack%s",
		        i ? "after:" : "before:", name ? name : words[i],
		        writer->diff->sides[i].stacks,
		        writer->diff->sides[i].stacks == 1 ? "" : "s");
		write_shown(writer, i);
		fputc('\n', writer->out);
	}
}

/* The meaning of the stars and errors, or the advice if there is no star. */
static void write_certainty(const struct diff_writer *writer)
{
	const struct profile_diff *diff = writer->diff;
	bool timed = diff->sides[DIFF_BEFORE].parts && diff->sides[DIFF_AFTER].parts;

	if (diff->sure_count)
		fprintf(writer->out,
		        "*       sure%s: of 100 comparisons of a program with\n        itself %d "
		        "at "
		        "most would have a star (%zu functions compared)\n",
		        timed ? "" : ", were samples independent", DIFF_WRONG_PERCENT,
		        diff->compared);
	else
		fprintf(writer->out,
		        "No function's share has changed by more than chance would make it "
		        "(%zu compared);\nmore samples tell smaller changes.\n",
		        diff->compared);
	fprintf(writer->out, "%s%*s 95 %% intervals, %s\n", text_cells_plus_minus(writer->options),
	        writer->options->ascii ? 5 : 6, "",
	        timed ? "from the spread over the runs' parts"
	              : "as if samples were independent: no timeline of both tells more");
}

static void write_labels_note(const struct diff_writer *writer)
{
	if (writer->diff->labels)
		fputs("Compared by functions' names and file names: collapsed stacks tell no "
		      "folders.\n",
		      writer->out);
}

static void write_notes(const struct profile *joint, FILE *out)
{
	for (size_t i = 0; i < joint->note_count; i++)
		fprintf(out, "%.*s\n", SPAN_ARG(intern_get(joint->intern, joint->notes[i])));
}

static void write_summary(const struct diff_writer *writer)
{
	fputc('\n', writer->out);
	write_sides(writer);
	write_labels_note(writer);
	write_notes(writer->diff->joint, writer->out);
	write_certainty(writer);
}

bool diff_flat_write(const struct profile_diff *diff, const struct write_options *options,
                     FILE *out, struct error *err)
{
	struct diff_writer writer = { .diff = diff, .options = options, .out = out };
	size_t max = options->rows ? options->rows : ROWS, more = 0;

	(void)err; /* a write error shows in ferror(out) */
	text_style_write(options, out, TEXT_DIM);
	fprintf(out, "  self %*stotal\n", count_share_columns(&writer), "");
	fprintf(out, "   before   after change%*s  change      function\n",
	        text_cells_error_columns(options), "");
	text_style_write(options, out, TEXT_OFF);
	for (size_t i = 0; i < diff->row_count; i++) {
		if (i < max && is_row_shown(&diff->rows[i]))
			write_diff_row(&writer, &diff->rows[i]);
		else
			more += is_row_shown(&diff->rows[i]);
	}
	if (more) {
		text_style_write(options, out, TEXT_DIM);
		fprintf(out, "%*s(%zu more, with smaller changes)\n",
		        count_share_columns(&writer) + 16, "", more);
		text_style_write(options, out, TEXT_OFF);
	}
	write_summary(&writer);
	return true;
}

/* The tree. */

static double get_node_percent(const void *ctx, uint32_t node)
{
	const struct diff_writer *writer = ctx;
	const struct diff_share *share = &writer->diff->nodes[node];

	return 100 * (share->before > share->after ? share->before : share->after);
}

static void write_diff_node(const void *ctx, FILE *out, uint32_t node)
{
	const struct diff_writer *writer = ctx;

	(void)out;
	write_share(writer, &writer->diff->nodes[node]);
}

static void write_diff_rest(const void *ctx, FILE *out, uint32_t first)
{
	const struct diff_writer *writer = ctx;
	const struct tree *tree = writer->diff->joint->tree;
	double before = 0, after = 0;

	for (; first != TREE_NONE; first = tree_node(tree, first)->next_sibling) {
		before += 100 * writer->diff->nodes[first].before;
		after += 100 * writer->diff->nodes[first].after;
	}
	fprintf(out, "%6.1f%% %6.1f%% %+6.1f%*s", before, after, after - before,
	        text_cells_error_columns(writer->options), "");
}

/* Children that are too small to be shown come last, the others in the order of their change. */
static void order_children(const struct diff_writer *writer)
{
	struct tree *tree = writer->diff->joint->tree;
	uint64_t *keys = alloc_zeroed(tree_count(tree), sizeof(*keys));

	for (uint32_t i = 1; i < tree_count(tree); i++)
		keys[i] = get_node_percent(writer, i) >= writer->options->min_percent;
	tree_sort_by(tree, keys);
	free(keys);
}

bool diff_tree_write(const struct profile_diff *diff, const struct write_options *options,
                     FILE *out, struct error *err)
{
	struct diff_writer writer = { .diff = diff, .options = options, .out = out };
	const struct tree_columns columns = {
		.ctx = &writer,
		.width = (size_t)count_share_columns(&writer),
		.percent = get_node_percent,
		.write = write_diff_node,
		.rest = write_diff_rest,
	};

	(void)err;
	order_children(&writer);
	text_style_write(options, out, TEXT_DIM);
	fprintf(out, " before   after change%*s      call tree\n",
	        text_cells_error_columns(options), "");
	text_style_write(options, out, TEXT_OFF);
	tree_text_draw(diff->joint, options, &columns, out);
	write_summary(&writer);
	return true;
}
