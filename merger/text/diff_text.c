/* Two profiles compared, for people: as a table of functions, and as a tree. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/stats/profile_diff.h"
#include "merger/text/text_style.h"
#include "merger/text/text_writers.h"
#include "merger/text/tree_text.h"

#define ROWS 30               /* unless the view says how many */
#define SHARE_SHOWN 0.0005    /* rows with less on both sides are not in the table */
#define COLOUR_MORE "\33[31m" /* a larger share */
#define COLOUR_LESS "\33[32m"
#define SECONDS 1e6 /* in microseconds */

struct diff_writer {
	const struct profile_diff *diff;
	const struct write_options *view;
	FILE *out;
};

/* "  28.0%   22.9%  -5.1 ±1.2", the change coloured if it's more than its error. */
static void share_write(const struct diff_writer *writer, const struct diff_share *share)
{
	double change = 100 * diff_change(share);
	bool clear = fabs(change) > 100 * share->error;

	fprintf(writer->out, "%6.1f%% %6.1f%% ", 100 * share->before, 100 * share->after);
	if (clear)
		text_style_write(writer->view, writer->out, change > 0 ? COLOUR_MORE : COLOUR_LESS);
	fprintf(writer->out, "%+6.1f", change);
	if (clear)
		text_style_write(writer->view, writer->out, TEXT_OFF);
	text_error_write(writer->view, writer->out, 100 * share->error);
}

static int share_columns(const struct diff_writer *writer)
{
	return 22 + text_error_columns(writer->view);
}

static void row_write(const struct diff_writer *writer, const struct diff_row *row)
{
	fputs(row->sure ? "* " : "  ", writer->out);
	share_write(writer, &row->self);
	fprintf(writer->out, "  %+6.1f", 100 * diff_change(&row->total));
	fputs("  ", writer->out);
	text_function_write(writer->view, writer->out, writer->diff->joint->intern, row->frame,
	                    share_columns(writer) + 12);
}

static bool is_shown(const struct diff_row *row)
{
	return row->self.before >= SHARE_SHOWN || row->self.after >= SHARE_SHOWN ||
	       fabs(diff_change(&row->total)) >= SHARE_SHOWN;
}

/* What of a side is in its shares' whole. */
static void shown_write(const struct diff_writer *writer, size_t side)
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

static void sides_write(const struct diff_writer *writer)
{
	static const char *const words[DIFF_SIDES] = { "before", "after" };

	for (size_t i = 0; i < DIFF_SIDES; i++) {
		const char *name = writer->diff->sides[i].name;

		fprintf(writer->out, "%-7s %s: %" PRIu64 " stack%s",
		        i ? "after:" : "before:", name ? name : words[i],
		        writer->diff->sides[i].stacks,
		        writer->diff->sides[i].stacks == 1 ? "" : "s");
		shown_write(writer, i);
		fputc('\n', writer->out);
	}
}

/* What the stars and errors mean; what is to be done where there is no star. */
static void sure_write(const struct diff_writer *writer)
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
	fprintf(writer->out, "%s%*s 95 %% intervals, %s\n", text_plus_minus(writer->view),
	        writer->view->ascii ? 5 : 6, "",
	        timed ? "from the spread over the runs' parts"
	              : "as if samples were independent: no timeline of both tells more");
}

static void labels_write(const struct diff_writer *writer)
{
	if (writer->diff->labels)
		fputs("Compared by functions' names and file names: collapsed stacks tell no "
		      "folders.\n",
		      writer->out);
}

static void summary_write(const struct diff_writer *writer)
{
	fputc('\n', writer->out);
	sides_write(writer);
	labels_write(writer);
	sure_write(writer);
}

bool diff_flat_write(const struct profile_diff *diff, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct diff_writer writer = { .diff = diff, .view = view, .out = out };
	size_t max = view->rows ? view->rows : ROWS, more = 0;

	(void)err; /* a write error shows in ferror(out) */
	text_style_write(view, out, TEXT_DIM);
	fprintf(out, "  self %*stotal\n", share_columns(&writer), "");
	fprintf(out, "   before   after change%*s  change      function\n",
	        text_error_columns(view), "");
	text_style_write(view, out, TEXT_OFF);
	for (size_t i = 0; i < diff->row_count; i++) {
		if (i < max && is_shown(&diff->rows[i]))
			row_write(&writer, &diff->rows[i]);
		else
			more += is_shown(&diff->rows[i]);
	}
	if (more) {
		text_style_write(view, out, TEXT_DIM);
		fprintf(out, "%*s(%zu more, with smaller changes)\n", share_columns(&writer) + 16,
		        "", more);
		text_style_write(view, out, TEXT_OFF);
	}
	summary_write(&writer);
	return true;
}

/* The tree. */

static double node_percent(const void *ctx, uint32_t node)
{
	const struct diff_writer *writer = ctx;
	const struct diff_share *share = &writer->diff->nodes[node];

	return 100 * (share->before > share->after ? share->before : share->after);
}

static void node_write(const void *ctx, FILE *out, uint32_t node)
{
	const struct diff_writer *writer = ctx;

	(void)out;
	share_write(writer, &writer->diff->nodes[node]);
}

static void rest_write(const void *ctx, FILE *out, uint32_t first)
{
	const struct diff_writer *writer = ctx;
	const struct tree *tree = writer->diff->joint->tree;
	double before = 0, after = 0;

	for (; first != TREE_NONE; first = tree_node(tree, first)->next_sibling) {
		before += 100 * writer->diff->nodes[first].before;
		after += 100 * writer->diff->nodes[first].after;
	}
	fprintf(out, "%6.1f%% %6.1f%% %+6.1f%*s", before, after, after - before,
	        text_error_columns(writer->view), "");
}

/* Children that are too small to be shown come last, the others in the order of their change. */
static void order(const struct diff_writer *writer)
{
	struct tree *tree = writer->diff->joint->tree;
	uint64_t *keys = alloc_zeroed(tree_count(tree), sizeof(*keys));

	for (uint32_t i = 1; i < tree_count(tree); i++)
		keys[i] = node_percent(writer, i) >= writer->view->min_percent;
	tree_sort_by(tree, keys);
	free(keys);
}

bool diff_tree_write(const struct profile_diff *diff, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct diff_writer writer = { .diff = diff, .view = view, .out = out };
	const struct tree_columns columns = {
		.ctx = &writer,
		.width = (size_t)share_columns(&writer),
		.percent = node_percent,
		.write = node_write,
		.rest = rest_write,
	};

	(void)err;
	order(&writer);
	text_style_write(view, out, TEXT_DIM);
	fprintf(out, " before   after change%*s      call tree\n", text_error_columns(view), "");
	text_style_write(view, out, TEXT_OFF);
	tree_text_draw(diff->joint, view, &columns, out);
	summary_write(&writer);
	return true;
}
