/* tree_text: draws a tree with columns of numbers in front of each node. */
#ifndef PMP_TREE_TEXT_H
#define PMP_TREE_TEXT_H

#include <stdio.h>

#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

/* The columns in front of the nodes. */
struct tree_columns {
	const void *ctx;
	size_t width; /* of all columns together */
	/* The weight of a node. Nodes below options->min_percent are folded into one line. */
	double (*percent)(const void *ctx, uint32_t node);
	/* percents of several nodes can be added; then the folded line has their sum */
	bool adds_up;
	void (*write)(const void *ctx, FILE *out, uint32_t node);
	/* Writes the columns for a node's children from `first` on. */
	void (*rest)(const void *ctx, FILE *out, uint32_t first);
};

/* The children of the tree are in the order of output; those below options->min_percent are
 * last. */
void tree_text_draw(const struct profile *profile, const struct write_options *options,
                    const struct tree_columns *columns, FILE *out);

/* Writes the profile's tree with its weights, without the summary. */
void tree_text_write_calls(const struct profile *profile, const struct write_options *options,
                           FILE *out);

#endif
