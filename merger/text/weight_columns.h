/* weight_columns: weights as people read them, "28.0% ± 1.2      56": what the tree and the table of functions have in front of
 * each row, and what stands below both. */
#ifndef PMP_WEIGHT_COLUMNS_H
#define PMP_WEIGHT_COLUMNS_H

#include <stdio.h>

#include "merger/profile/write_options.h"
#include "merger/stats/tree_error.h"

struct weight_columns {
	const struct profile *profile;
	const struct write_options *view;
	FILE *out;
	uint64_t whole; /* the root's total */
	int count_width;
	bool intervals;           /* each percentage has its error */
	struct tree_error spread; /* with intervals */
};

void weight_columns_init(struct weight_columns *ret, const struct profile *profile,
                         const struct write_options *view, bool intervals, FILE *out);
void weight_columns_deinit(struct weight_columns *text);

/* What the weights are, for a heading; and how many columns a heading has for it, right of the first six. */
const char *weight_columns_unit(const struct weight_columns *text);
int weight_columns_room(const struct weight_columns *text);
/* Columns of a weight. */
int weight_columns_columns(const struct weight_columns *text);

/* key: tree_spread's; of no meaning without intervals. */
void weight_columns_write(const struct weight_columns *text, uint64_t weight, size_t key);
/* One that has no error: of several things together. */
void weight_columns_write_sum(const struct weight_columns *text, uint64_t weight);

/* An empty line, and the summary. */
void weight_columns_finish(const struct weight_columns *text);

#endif
