/* text_cells: the cells of the tables and trees that people read: weights ("28.0% ± 1.2      56"),
 * errors of percentages, and the function at the end of a row. */
#ifndef PMP_TEXT_CELLS_H
#define PMP_TEXT_CELLS_H

#include <stdio.h>

#include "merger/profile/write_options.h"
#include "merger/stats/tree_error.h"

/* "±", or "+-" in ASCII. */
const char *text_cells_plus_minus(const struct write_options *options);
/* Writes " ± 1.2", the error of a percentage, in text_cells_error_columns columns. */
void text_cells_write_error(const struct write_options *options, FILE *out, double percent);
int text_cells_error_columns(const struct write_options *options);

/* Writes the function at the end of a row, after `used` columns. It is cut at options->width, but
 * not below a readable length. */
void text_cells_write_function(const struct write_options *options, FILE *out,
                               const struct intern *intern, const struct frame *frame, int used);

/* Writes the reason why there is no row. */
void text_cells_write_nothing(const struct profile *profile, FILE *out);

/* The weights of one profile: each a percentage, its error if `intervals`, and a count. */
struct text_cells {
	const struct profile *profile;
	const struct write_options *options;
	FILE *out;
	uint64_t whole; /* the root's total */
	int count_width;
	bool intervals;
	struct tree_error tree_error; /* only with intervals */
};

void text_cells_init(struct text_cells *ret, const struct profile *profile,
                     const struct write_options *options, bool intervals, FILE *out);
void text_cells_deinit(struct text_cells *cells);

/* "samples" or "CPU us", and its columns in a heading, after the first six of the cell. */
const char *text_cells_unit(const struct text_cells *cells);
int text_cells_unit_columns(const struct text_cells *cells);
/* Columns of a weight. */
int text_cells_columns(const struct text_cells *cells);

/* key: of tree_error.h; not used without intervals. */
void text_cells_write_weight(const struct text_cells *cells, uint64_t weight, size_t key);
/* The sum of several rows, which has no error. */
void text_cells_write_sum(const struct text_cells *cells, uint64_t weight);

/* Writes an empty line and the summary. */
void text_cells_write_summary(const struct text_cells *cells);

#endif
