/* weight_columns: weights as people read them, "28.0% ± 1.2      56": what the tree and the table of functions have in front of
 * each row, and what stands below both. */
#ifndef PMP_WEIGHT_COLUMNS_H
#define PMP_WEIGHT_COLUMNS_H

#include <stdio.h>

#include "merger/profile/write_options.h"
#include "merger/stats/tree_error.h"

struct weight_text {
	const struct profile *profile;
	const struct write_options *view;
	FILE *out;
	uint64_t whole; /* the root's total */
	int count_width;
	bool intervals;            /* each percentage has its error */
	struct tree_spread spread; /* with intervals */
};

void weight_text_init(struct weight_text *ret, const struct profile *profile,
                      const struct write_options *view, bool intervals, FILE *out);
void weight_text_deinit(struct weight_text *text);

/* What the weights are, for a heading; and how many columns a heading has for it, right of the first six. */
const char *weight_text_unit(const struct weight_text *text);
int weight_text_room(const struct weight_text *text);
/* Columns of a weight. */
int weight_text_columns(const struct weight_text *text);

/* key: tree_spread's; of no meaning without intervals. */
void weight_text_write(const struct weight_text *text, uint64_t weight, size_t key);
/* One that has no error: of several things together. */
void weight_text_write_sum(const struct weight_text *text, uint64_t weight);

/* An empty line, and the summary. */
void weight_text_finish(const struct weight_text *text);

#endif
