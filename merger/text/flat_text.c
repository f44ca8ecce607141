/* flat_text: the table of functions, sorted by self weight. */

#include "merger/base/number.h"
#include "merger/profile/function_totals.h"
#include "merger/text/text_cells.h"
#include "merger/text/text_style.h"
#include "merger/text/text_writers.h"

#define ROWS 30 /* unless options->rows */

static void write_function_row(const struct text_cells *cells,
                               const struct function_totals_row *row)
{
	bool hot = number_percent(row->self, cells->whole) >= TEXT_HOT_PERCENT;
	size_t self = 0, total = 0;

	if (cells->intervals) {
		self = tree_error_function_self(&cells->tree_error, row->number);
		total = tree_error_function(&cells->tree_error, row->number);
	}
	text_style_write(cells->options, cells->out, hot ? TEXT_HOT : "");
	text_cells_write_weight(cells, row->self, self);
	text_style_write(cells->options, cells->out, hot ? TEXT_OFF : "");
	fputs("  ", cells->out);
	text_cells_write_weight(cells, row->total, total);
	fputs("  ", cells->out);
	text_cells_write_function(cells->options, cells->out, cells->profile->intern, row->frame,
	                          2 * (text_cells_columns(cells) + 2));
}

static void write_rows(const struct text_cells *cells, const struct function_totals *table,
                       size_t max)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (i < max)
			write_function_row(cells, &table->rows[i]);
		else
			rest += table->rows[i].self;
	}
	if (table->count <= max)
		return;
	text_style_write(cells->options, cells->out, TEXT_DIM);
	text_cells_write_sum(cells, rest);
	fprintf(cells->out, "  %*s(%zu more)\n", text_cells_columns(cells) + 6, "",
	        table->count - max);
	text_style_write(cells->options, cells->out, TEXT_OFF);
}

static void write_table(const struct text_cells *cells)
{
	const char *unit = text_cells_unit(cells);
	int room = text_cells_unit_columns(cells);
	struct function_totals table;

	function_totals_init(&table, cells->profile->tree, cells->profile->intern, TOTALS_BY_SELF,
	                     0);
	text_style_write(cells->options, cells->out, TEXT_DIM);
	fprintf(cells->out, "  self %*s   total %*s      function\n", room, unit, room, unit);
	text_style_write(cells->options, cells->out, TEXT_OFF);
	write_rows(cells, &table, cells->options->rows ? cells->options->rows : ROWS);
	function_totals_deinit(&table);
}

bool flat_text_write(const struct profile *profile, const struct write_options *options, FILE *out,
                     struct error *err)
{
	struct text_cells cells;

	(void)err; /* a write error shows in ferror(out) */
	text_cells_init(&cells, profile, options, options->intervals, out);
	if (cells.whole)
		write_table(&cells);
	else
		text_cells_write_nothing(profile, out);
	text_cells_write_summary(&cells);
	text_cells_deinit(&cells);
	return true;
}
