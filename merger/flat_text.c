/* The table of functions, by self or total, for people. */
#include "format.h"

#include <inttypes.h>
#include <stdlib.h>

#include "columns.h"
#include "label.h"
#include "number.h"
#include "text_style.h"
#include "top_table.h"
#include "spread_note.h"
#include "tree_spread.h"
#include "tree_summary.h"

#define ROWS 30 /* unless the view says how many */

struct flat_writer {
	const struct profile *profile;
	const struct view_options *view;
	FILE *out;
	uint64_t whole;
	int count_width;
	const struct tree_spread *spread; /* NULL: no errors are wanted */
	const struct top_table *seen;     /* with them: rows in the functions' order */
	struct buf label;
};

static void label_write(struct flat_writer *writer, const struct frame *frame, size_t used)
{
	const struct label_options options = { writer->view->full_paths, false };
	struct span label;
	bool cut;

	buf_clear(&writer->label);
	label_add(&writer->label, writer->profile->intern, frame, &options);
	label = buf_span(&writer->label);
	cut = writer->view->width && used + columns_of(label) > writer->view->width;
	if (cut)
		label = columns_cut(
		        label, writer->view->width > used + 1 ? writer->view->width - used - 1 : 0);
	fwrite(label.ptr, 1, label.len, writer->out);
	text_style_write(writer->view, writer->out, TEXT_OFF);
	fputs(cut ? (writer->view->ascii ? "." : "\xe2\x80\xa6") : "", writer->out);
	fputc('\n', writer->out);
}

/* A function's number (tree_spread.h). */
static uint32_t number_of(const struct flat_writer *writer, const struct top_row *row)
{
	uint32_t number = 1;

	while (writer->seen->rows[number - 1].frame != row->frame)
		number++;
	return number;
}

static int weight_write(const struct flat_writer *writer, uint64_t weight, size_t key)
{
	int used = fprintf(writer->out, "%5.1f%%", number_percent(weight, writer->whole));

	if (writer->spread)
		used += fprintf(writer->out, " \302\261%4.1f",
		                tree_spread_percent(writer->spread, key, weight)) -
		        1;
	return used + fprintf(writer->out, " %*" PRIu64, writer->count_width, weight);
}

static void row_write(struct flat_writer *writer, const struct top_row *row)
{
	const struct text_style *style = text_kind_style(row->frame->kind);
	bool hot = number_percent(row->self, writer->whole) >= TEXT_HOT_PERCENT;
	uint32_t number = writer->spread ? number_of(writer, row) : 0;
	int used;

	text_style_write(writer->view, writer->out, hot ? TEXT_HOT : "");
	used = weight_write(writer, row->self,
	                    writer->spread ? tree_spread_function_self(writer->spread, number) : 0);
	text_style_write(writer->view, writer->out, hot ? TEXT_OFF : "");
	used += fprintf(writer->out, "  ");
	used += weight_write(writer, row->total,
	                     writer->spread ? tree_spread_function(writer->spread, number) : 0);
	fputs("  ", writer->out);
	text_style_write(writer->view, writer->out, style->colour);
	used += fprintf(writer->out, "%s  ", style->tag) + 2;
	label_write(writer, row->frame, (size_t)used);
}

static void rows_write(struct flat_writer *writer, const struct top_table *table, size_t max)
{
	int errors = writer->spread ? 6 : 0;
	uint64_t rest = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (i < max)
			row_write(writer, &table->rows[i]);
		else
			rest += table->rows[i].self;
	}
	if (table->count <= max)
		return;
	text_style_write(writer->view, writer->out, TEXT_DIM);
	fprintf(writer->out, "%5.1f%%%*s %*" PRIu64 "  %*s(%zu more)\n",
	        number_percent(rest, writer->whole), errors, "", writer->count_width, rest,
	        writer->count_width + 13 + errors, "", table->count - max);
	text_style_write(writer->view, writer->out, TEXT_OFF);
}

bool flat_text_write(const struct profile *profile, const struct view_options *view, FILE *out,
                     struct error *err)
{
	struct flat_writer writer = {
		.profile = profile,
		.view = view,
		.out = out,
		.whole = tree_node(profile->tree, TREE_ROOT)->total,
	};
	int digits = snprintf(NULL, 0, "%" PRIu64, writer.whole);
	const char *unit = profile->weight == PROFILE_CPU_US ? "CPU us" : "samples";
	struct top_table table, seen;
	struct tree_spread spread;
	int room;

	(void)err; /* a write error shows in ferror(out) */
	writer.count_width = digits > 7 ? digits : 7;
	top_table_init(&table, profile->tree, profile->intern, TOP_SELF, 0);
	top_table_init(&seen, profile->tree, profile->intern, TOP_SEEN, 0);
	writer.seen = &seen;
	if (view->intervals) {
		tree_spread_init(&spread, profile, NULL, NULL);
		writer.spread = &spread;
	}
	room = writer.count_width + (view->intervals ? 6 : 0);
	text_style_write(view, out, TEXT_DIM);
	fprintf(out, "  self %*s   total %*s      function\n", room, unit, room, unit);
	text_style_write(view, out, TEXT_OFF);
	rows_write(&writer, &table, view->rows ? view->rows : ROWS);
	fputc('\n', out);
	tree_summary_write(profile, out);
	if (view->intervals) {
		spread_note_write(&spread, out);
		tree_spread_deinit(&spread);
	}
	top_table_deinit(&table);
	top_table_deinit(&seen);
	buf_deinit(&writer.label);
	return true;
}
