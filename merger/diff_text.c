/* Two profiles compared, for people: as a table of functions, and as a tree. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "columns.h"
#include "label.h"
#include "number.h"
#include "profile_diff.h"
#include "text_style.h"
#include "tree_text.h"

#define ROWS 30               /* unless the view says how many */
#define SHARE_SHOWN 0.0005    /* rows with less on both sides are not in the table */
#define COLOUR_MORE "\33[31m" /* a larger share */
#define COLOUR_LESS "\33[32m"
#define SECONDS 1e6 /* in microseconds */

struct diff_writer {
	const struct profile_diff *diff;
	const struct view_options *view;
	FILE *out;
	struct buf label;
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
	fprintf(writer->out, " \302\261%4.1f", 100 * share->error);
}
#define SHARE_COLUMNS 29

static void label_write(struct diff_writer *writer, const struct frame *frame, size_t used)
{
	const struct label_options options = { writer->view->full_paths, false };
	size_t room = writer->view->width > used ? writer->view->width - used : 0;
	struct span label;
	bool cut;

	buf_clear(&writer->label);
	label_add(&writer->label, writer->diff->joint->intern, frame, &options);
	label = buf_span(&writer->label);
	cut = room && columns_of(label) > room;
	if (cut)
		label = columns_cut(label, room - 1);
	fwrite(label.ptr, 1, label.len, writer->out);
	fputs(!cut ? "" : writer->view->ascii ? "." : "\xe2\x80\xa6", writer->out);
	fputc('\n', writer->out);
}

static void row_write(struct diff_writer *writer, const struct diff_row *row)
{
	const struct text_style *style = text_kind_style(row->frame->kind);

	fputs(row->sure ? "* " : "  ", writer->out);
	share_write(writer, &row->self);
	fprintf(writer->out, "  %+6.1f", 100 * diff_change(&row->total));
	fputs("  ", writer->out);
	text_style_write(writer->view, writer->out, style->colour);
	fprintf(writer->out, "%s  ", style->tag);
	text_style_write(writer->view, writer->out, TEXT_OFF);
	label_write(writer, row->frame, SHARE_COLUMNS + 16);
}

static bool is_shown(const struct diff_row *row)
{
	return row->self.before >= SHARE_SHOWN || row->self.after >= SHARE_SHOWN ||
	       fabs(diff_change(&row->total)) >= SHARE_SHOWN;
}

static void sides_write(const struct diff_writer *writer)
{
	static const char *const words[DIFF_SIDES] = { "before", "after" };

	for (size_t i = 0; i < DIFF_SIDES; i++) {
		const char *name = writer->diff->sides[i].name;

		fprintf(writer->out, "%-7s %s: %" PRIu64 " stacks",
		        i ? "after:" : "before:", name ? name : words[i],
		        writer->diff->sides[i].stacks);
		if (writer->diff->sides[i].left_out)
			fprintf(writer->out, ", of which %.0f are shown",
			        writer->diff->sides[i].weight);
		if (writer->diff->weight == PROFILE_CPU_US)
			fprintf(writer->out, ", %.2f s of CPU",
			        writer->diff->sides[i].weight / SECONDS);
		fputc('\n', writer->out);
	}
}

/* What the stars and errors mean; what is to be done where there is no star. */
static void sure_write(const struct diff_writer *writer)
{
	const struct profile_diff *diff = writer->diff;

	if (diff->sure_count)
		fprintf(writer->out,
		        "*       sure: of 100 comparisons of a program with itself %d at most "
		        "would "
		        "have a star\n        (%zu functions compared)\n",
		        DIFF_WRONG_PERCENT, diff->compared);
	else
		fprintf(writer->out,
		        "No function's share has changed by more than chance would make it "
		        "(%zu compared);\nmore samples tell smaller changes.\n",
		        diff->compared);
	fprintf(writer->out, "\302\261       95 %% intervals, %s\n",
	        diff->sides[DIFF_BEFORE].parts && diff->sides[DIFF_AFTER].parts
	                ? "from the spread over the runs' parts"
	                : "as if samples were independent: there's no timeline to tell more");
}

static void summary_write(const struct diff_writer *writer)
{
	fputc('\n', writer->out);
	sides_write(writer);
	sure_write(writer);
}

bool diff_flat_write(const struct profile_diff *diff, const struct view_options *view, FILE *out,
                     struct error *err)
{
	struct diff_writer writer = { .diff = diff, .view = view, .out = out };
	size_t max = view->rows ? view->rows : ROWS, more = 0;

	(void)err; /* a write error shows in ferror(out) */
	text_style_write(view, out, TEXT_DIM);
	fprintf(out, "  self  before   after  change         total      function\n");
	text_style_write(view, out, TEXT_OFF);
	for (size_t i = 0; i < diff->row_count; i++) {
		if (i < max && is_shown(&diff->rows[i]))
			row_write(&writer, &diff->rows[i]);
		else
			more += is_shown(&diff->rows[i]);
	}
	if (more) {
		text_style_write(view, out, TEXT_DIM);
		fprintf(out, "%*s(%zu more, with smaller changes)\n", SHARE_COLUMNS + 16, "", more);
		text_style_write(view, out, TEXT_OFF);
	}
	summary_write(&writer);
	buf_deinit(&writer.label);
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
	fprintf(out, "%6.1f%% %6.1f%% %+6.1f      ", before, after, after - before);
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

bool diff_tree_write(const struct profile_diff *diff, const struct view_options *view, FILE *out,
                     struct error *err)
{
	struct diff_writer writer = { .diff = diff, .view = view, .out = out };
	const struct tree_columns columns = {
		.ctx = &writer,
		.width = SHARE_COLUMNS - 1,
		.percent = node_percent,
		.write = node_write,
		.rest = rest_write,
	};

	(void)err;
	order(&writer);
	text_style_write(view, out, TEXT_DIM);
	fputs(" before   after  change           call tree\n", out);
	text_style_write(view, out, TEXT_OFF);
	tree_text_draw(diff->joint, view, &columns, out);
	summary_write(&writer);
	return true;
}
