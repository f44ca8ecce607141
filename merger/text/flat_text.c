/* The table of functions, by self or total, for people. */

#include "merger/base/number.h"
#include "merger/text/text_style.h"
#include "merger/profile/function_totals.h"
#include "merger/text/text_writers.h"
#include "merger/text/weight_columns.h"

#define ROWS 30 /* unless the view says how many */

static void row_write(const struct weight_columns *text, const struct function_totals_row *row)
{
	bool hot = number_percent(row->self, text->whole) >= TEXT_HOT_PERCENT;
	size_t self = 0, total = 0;

	if (text->intervals) {
		self = tree_error_function_self(&text->spread, row->number);
		total = tree_error_function(&text->spread, row->number);
	}
	text_style_write(text->view, text->out, hot ? TEXT_HOT : "");
	weight_columns_write(text, row->self, self);
	text_style_write(text->view, text->out, hot ? TEXT_OFF : "");
	fputs("  ", text->out);
	weight_columns_write(text, row->total, total);
	fputs("  ", text->out);
	text_function_write(text->view, text->out, text->profile->intern, row->frame,
	                    2 * (weight_columns_columns(text) + 2));
}

static void rows_write(const struct weight_columns *text, const struct function_totals *table,
                       size_t max)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (i < max)
			row_write(text, &table->rows[i]);
		else
			rest += table->rows[i].self;
	}
	if (table->count <= max)
		return;
	text_style_write(text->view, text->out, TEXT_DIM);
	weight_columns_write_sum(text, rest);
	fprintf(text->out, "  %*s(%zu more)\n", weight_columns_columns(text) + 6, "",
	        table->count - max);
	text_style_write(text->view, text->out, TEXT_OFF);
}

static void table_write(const struct weight_columns *text)
{
	const char *unit = weight_columns_unit(text);
	int room = weight_columns_room(text);
	struct function_totals table;

	function_totals_init(&table, text->profile->tree, text->profile->intern, TOTALS_BY_SELF, 0);
	text_style_write(text->view, text->out, TEXT_DIM);
	fprintf(text->out, "  self %*s   total %*s      function\n", room, unit, room, unit);
	text_style_write(text->view, text->out, TEXT_OFF);
	rows_write(text, &table, text->view->rows ? text->view->rows : ROWS);
	function_totals_deinit(&table);
}

bool flat_text_write(const struct profile *profile, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct weight_columns text;

	(void)err; /* a write error shows in ferror(out) */
	weight_columns_init(&text, profile, view, view->intervals, out);
	if (text.whole)
		table_write(&text);
	else
		text_nothing_write(profile, out);
	weight_columns_finish(&text);
	weight_columns_deinit(&text);
	return true;
}
