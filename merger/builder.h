/* builder: makes a profile out of what dump finds in text: merges each stack, adds it to the tree, counts.
 * A live run and `pmp fold` of its raw text are the same calls, so they give the same profile. */
#ifndef PMP_BUILDER_H
#define PMP_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "profile.h"

struct builder_options {
	bool by_process; /* the first level of the tree is the process */
	bool by_thread;  /* the first level (below the process) is the thread */
	bool by_line;
	bool glue;
};

/* What a progress line needs while it runs. */
struct builder_progress {
	uint64_t taken, failed, late, stacks;
	uint64_t last_pause_us, max_pause_us;
};

struct builder;

struct builder *builder_create(const struct builder_options *options);
void builder_destroy(struct builder *builder);

void builder_feed(struct builder *builder, const char *text, size_t len);
/* The end of one input; a builder takes several, one after another. */
void builder_end_input(struct builder *builder);
struct builder_progress builder_progress(const struct builder *builder);

/* Gives the finished, sorted profile to the caller, who destroys it. The builder is spent. */
struct profile *builder_finish(struct builder *builder);

#endif
