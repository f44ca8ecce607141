/* The table of functions, by self or total, for people. */
#include "format.h"

#include <inttypes.h>

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
};

/* Columns of a percentage's error. */
static int error_columns(const struct flat_writer *writer)
{
	return writer->spread ? text_error_columns(writer->view) : 0;
}

static void weight_write(const struct flat_writer *writer, uint64_t weight, size_t key)
{
	fprintf(writer->out, "%5.1f%%", number_percent(weight, writer->whole));
	if (writer->spread)
		text_error_write(writer->view, writer->out,
		                 tree_spread_percent(writer->spread, key, weight));
	fprintf(writer->out, " %*" PRIu64, writer->count_width, weight);
}

static void row_write(const struct flat_writer *writer, const struct top_row *row)
{
	bool hot = number_percent(row->self, writer->whole) >= TEXT_HOT_PERCENT;
	size_t self = 0, total = 0;

	if (writer->spread) {
		self = tree_spread_function_self(writer->spread, row->number);
		total = tree_spread_function(writer->spread, row->number);
	}
	text_style_write(writer->view, writer->out, hot ? TEXT_HOT : "");
	weight_write(writer, row->self, self);
	text_style_write(writer->view, writer->out, hot ? TEXT_OFF : "");
	fputs("  ", writer->out);
	weight_write(writer, row->total, total);
	fputs("  ", writer->out);
	text_function_write(writer->view, writer->out, writer->profile->intern, row->frame,
	                    2 * (9 + error_columns(writer) + writer->count_width));
}

static void rows_write(const struct flat_writer *writer, const struct top_table *table, size_t max)
{
	int errors = error_columns(writer);
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

static void table_write(const struct flat_writer *writer)
{
	const struct profile *profile = writer->profile;
	const char *unit = profile->weight == PROFILE_CPU_US ? "CPU us" : "samples";
	int room = writer->count_width + error_columns(writer);
	struct top_table table;

	top_table_init(&table, profile->tree, profile->intern, TOP_SELF, 0);
	text_style_write(writer->view, writer->out, TEXT_DIM);
	fprintf(writer->out, "  self %*s   total %*s      function\n", room, unit, room, unit);
	text_style_write(writer->view, writer->out, TEXT_OFF);
	rows_write(writer, &table, writer->view->rows ? writer->view->rows : ROWS);
	top_table_deinit(&table);
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
	struct tree_spread spread;

	(void)err; /* a write error shows in ferror(out) */
	writer.count_width = digits > 7 ? digits : 7;
	if (view->intervals) {
		tree_spread_init(&spread, profile, NULL, NULL);
		writer.spread = &spread;
	}
	if (writer.whole)
		table_write(&writer);
	else
		text_nothing_write(profile, out);
	fputc('\n', out);
	tree_summary_write(profile, out);
	if (view->intervals) {
		spread_note_write(&spread, out);
		tree_spread_deinit(&spread);
	}
	return true;
}
