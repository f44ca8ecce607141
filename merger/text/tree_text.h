/* tree_text: draws a tree for people, with numbers of whatever kind in front of each node. */
#ifndef PMP_TREE_TEXT_H
#define PMP_TREE_TEXT_H

#include <stdio.h>

#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

/* What stands in front of the nodes. */
struct tree_columns {
	const void *ctx;
	size_t width; /* that they take */
	/* How much a node weighs: below view->min_percent it's folded into one line with those behind it. */
	double (*percent)(const void *ctx, uint32_t node);
	bool adds_up; /* do percents of several nodes? then the line of those that are folded has their sum */
	void (*write)(const void *ctx, FILE *out, uint32_t node);
	/* Of a node's children from `first` on. */
	void (*rest)(const void *ctx, FILE *out, uint32_t first);
};

/* The tree's children are in the order in which they're to be shown, those below view->min_percent last. */
void tree_text_draw(const struct profile *profile, const struct write_options *view,
                    const struct tree_columns *columns, FILE *out);

#endif
