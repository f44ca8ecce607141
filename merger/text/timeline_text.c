/* timeline_text: a strip over the time for each function with enough weight, in the tree's
 * order. The height of a column is the function's share of all stacks in that column's time. A
 * chain of calls with equal strips is one row. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/text_width.h"
#include "merger/profile/label.h"
#include "merger/profile/timeline_replay.h"
#include "merger/text/text_writers.h"

#define COLUMNS 60       /* of a strip, if the width is unknown */
#define COLUMNS_MIN 20   /* in a narrow terminal */
#define LABEL_COLUMNS 36 /* reserved for a label */
#define SHARE_MIN 3.0    /* percent of the whole weight that a row needs */
#define ROW_NONE UINT32_MAX
#define LEVELS 8

static const char *const levels_utf8[LEVELS + 1] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const levels_ascii[LEVELS + 1] = { " ", ".", ":", "-", "=", "+", "*", "#", "@" };

struct strip_writer {
	const struct profile *profile;
	const struct timeline *timeline;
	const struct write_options *options;
	FILE *out;
	size_t columns;
	uint64_t first_us, end_us;
	uint32_t *rows; /* by node: its row in `weights`, or ROW_NONE */
	uint64_t *weights;
	uint64_t *whole; /* by column */
	struct timeline_replay replay;
	size_t *last_columns; /* by target: the column of its last sample */
	struct buf text;
};

static double divide(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : 0;
}

static size_t find_column(const struct strip_writer *writer, uint64_t time_us)
{
	double at = divide(time_us - writer->first_us, writer->end_us - writer->first_us);
	size_t column = (size_t)(at * (double)writer->columns);

	return column < writer->columns ? column : writer->columns - 1;
}

static void add_node(struct strip_writer *writer, uint32_t node, size_t column, uint64_t weight)
{
	if (writer->rows[node] != ROW_NONE)
		writer->weights[writer->rows[node] * writer->columns + column] += weight;
}

static void count_thread(struct strip_writer *writer, uint32_t slot)
{
	const struct timeline_entry *entry = &writer->replay.threads[slot].entry;
	const struct timeline_step *steps = writer->timeline->steps;
	size_t column = writer->last_columns[writer->timeline->slots[slot].target];
	uint64_t weight = timeline_replay_samples(&writer->replay, slot) *
	                  timeline_replay_weight(entry, writer->profile->weight);
	uint32_t top = TREE_ROOT; /* after the loop: the path's process */

	if (!weight)
		return;
	writer->whole[column] += weight;
	for (uint32_t i = entry->stack; i != TIMELINE_ROOT; i = steps[i].parent) {
		add_node(writer, steps[i].node, column, weight);
		top = tree_node(writer->profile->tree, steps[i].node)->parent;
	}
	add_node(writer, top, column, weight);
}

static void count_target(struct strip_writer *writer, uint32_t target)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target)
			count_thread(writer, i);
}

static void count_samples(struct strip_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	while (timeline_next(&cursor)) {
		size_t column = find_column(writer, cursor.sample.time_us);

		if (column != writer->last_columns[cursor.target])
			count_target(writer, cursor.target);
		for (size_t i = 0; i < cursor.change_count; i++) {
			const struct timeline_change *change = &cursor.changes[i];

			count_thread(writer, change->slot);
			writer->replay.threads[change->slot].entry = change->entry;
		}
		writer->last_columns[cursor.target] = column;
		writer->replay.samples[cursor.target]++;
	}
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < writer->timeline->target_count; i++)
		count_target(writer, i);
}

static void find_times(struct strip_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	writer->first_us = UINT64_MAX;
	while (timeline_next(&cursor))
		if (cursor.sample.time_us < writer->first_us)
			writer->first_us = cursor.sample.time_us;
	timeline_cursor_deinit(&cursor);
	writer->end_us = writer->timeline->last_us + 1;
}

/* Gives a row to each node that is large enough; returns their number. */
static size_t number_rows(struct strip_writer *writer)
{
	const struct tree *tree = writer->profile->tree;
	double least = (double)tree_node(tree, TREE_ROOT)->total * SHARE_MIN / 100;
	size_t count = 0;

	writer->rows = alloc_zeroed(tree_count(tree), sizeof(*writer->rows));
	for (size_t i = 0; i < tree_count(tree); i++) {
		const struct tree_node *node = tree_node(tree, (uint32_t)i);
		bool shown = i != TREE_ROOT && (double)node->total >= least;

		writer->rows[i] = shown ? (uint32_t)count++ : ROW_NONE;
	}
	return count;
}

static const uint64_t *get_strip(const struct strip_writer *writer, uint32_t node)
{
	return writer->weights + writer->rows[node] * writer->columns;
}

/* The last node of the chain that begins at `node` and has equal strips. */
static uint32_t find_chain_end(const struct strip_writer *writer, uint32_t node)
{
	const struct tree *tree = writer->profile->tree;
	uint32_t child;

	for (;; node = child) {
		child = tree_node(tree, node)->first_child;
		if (child == TREE_NONE || writer->rows[child] == ROW_NONE ||
		    memcmp(get_strip(writer, node), get_strip(writer, child),
		           writer->columns * sizeof(uint64_t)) != 0)
			return node;
	}
}

static void write_strip(const struct strip_writer *writer, uint32_t node)
{
	const char *const *levels = writer->options->ascii ? levels_ascii : levels_utf8;
	const uint64_t *strip = get_strip(writer, node);

	for (size_t i = 0; i < writer->columns; i++) {
		unsigned level = (unsigned)(divide(strip[i], writer->whole[i]) * LEVELS + 0.5);

		if (!level && strip[i])
			level = 1; /* a small weight is visible */
		fputs(levels[level <= LEVELS ? level : LEVELS], writer->out);
	}
}

/* "alpha (phases.py) .. burn_some (spinext.so)" */
static void write_strip_label(struct strip_writer *writer, uint32_t node, uint32_t end,
                              uint32_t indent)
{
	const struct profile *profile = writer->profile;
	const struct label_options label_options = { writer->options->full_paths,
		                                     tree_by_line(profile->tree) };
	size_t used = 8 + writer->columns + 2;
	struct span text;

	buf_clear(&writer->text);
	buf_printf(&writer->text, "%*s", (int)(indent < 20 ? 2 * indent : 40), "");
	label_add(&writer->text, profile->intern, tree_frame(profile->tree, node), &label_options);
	if (end != node) {
		buf_add_span(&writer->text, SPAN_LIT(" .. "));
		label_add(&writer->text, profile->intern, tree_frame(profile->tree, end),
		          &label_options);
	}
	text = buf_span(&writer->text);
	if (writer->options->width)
		text = text_width_cut(text, writer->options->width > used
		                                    ? writer->options->width - used
		                                    : LABEL_COLUMNS);
	fwrite(text.ptr, 1, text.len, writer->out);
}

/* Nodes of a chain have the chain's indent, so that the callees of its last node are below it. */
static void write_strip_rows(struct strip_writer *writer, uint32_t *indents)
{
	const struct tree *tree = writer->profile->tree;
	uint64_t all = tree_node(tree, TREE_ROOT)->total;
	uint32_t end = TREE_ROOT; /* of the chain whose row is written */

	for (uint32_t at = tree_next(tree, TREE_ROOT, NULL), before = TREE_ROOT; at != TREE_NONE;
	     before = at, at = tree_next(tree, at, NULL)) {
		uint32_t above = tree_node(tree, at)->parent, row = writer->rows[at];

		if (row == ROW_NONE)
			continue;
		if (before != end && above == before) {
			indents[row] = indents[writer->rows[above]];
			continue;
		}
		indents[row] = above == TREE_ROOT ? 0 : indents[writer->rows[above]] + 1;
		end = find_chain_end(writer, at);
		fprintf(writer->out, "%5.1f%%  ", 100 * divide(tree_node(tree, at)->total, all));
		write_strip(writer, at);
		fputs("  ", writer->out);
		write_strip_label(writer, at, end, indents[row]);
		fputc('\n', writer->out);
	}
}

static void write_heading(const struct strip_writer *writer)
{
	char first[32], last[32];

	snprintf(first, sizeof(first), "%.1f s", (double)writer->first_us / 1e6);
	snprintf(last, sizeof(last), "%.1f s", (double)writer->timeline->last_us / 1e6);
	fprintf(writer->out, " total  %s%*s  what was there, a column %.2f s\n", first,
	        (int)writer->columns - (int)strlen(first) > (int)strlen(last) + 1
	                ? (int)writer->columns - (int)strlen(first)
	                : (int)strlen(last) + 1,
	        last, (double)(writer->end_us - writer->first_us) / (double)writer->columns / 1e6);
}

/* At most one column for each expected sample: an empty column shall mean that no sample was
 * taken. */
static size_t choose_columns(const struct strip_writer *writer)
{
	size_t others = 8 + 2 + LABEL_COLUMNS, columns = COLUMNS;
	unsigned width = writer->options->width;
	/* samples per microsecond */
	double rate = (double)writer->profile->sampling.rate_mhz / 1e9;
	double most = rate * (double)(writer->end_us - writer->first_us) + 1;

	if (width && width < COLUMNS + others)
		columns = width > COLUMNS_MIN + others ? width - others : COLUMNS_MIN;
	return rate > 0 && most < (double)columns ? (size_t)most : columns;
}

static void write_strips(struct strip_writer *writer)
{
	size_t count = number_rows(writer);
	uint32_t *indents = alloc_zeroed(count, sizeof(*indents));

	find_times(writer);
	writer->columns = choose_columns(writer);
	writer->weights = alloc_zeroed(count * writer->columns, sizeof(*writer->weights));
	writer->whole = alloc_zeroed(writer->columns, sizeof(*writer->whole));
	timeline_replay_init(&writer->replay, writer->timeline);
	writer->last_columns =
	        alloc_zeroed(writer->timeline->target_count, sizeof(*writer->last_columns));
	count_samples(writer);
	write_heading(writer);
	write_strip_rows(writer, indents);
	free(indents);
	free(writer->rows);
	free(writer->weights);
	free(writer->whole);
	timeline_replay_deinit(&writer->replay);
	free(writer->last_columns);
	buf_deinit(&writer->text);
}

bool timeline_text_write(const struct profile *profile, const struct write_options *options,
                         FILE *out, struct error *err)
{
	struct strip_writer writer = {
		.profile = profile,
		.timeline = profile->timeline,
		.options = options,
		.out = out,
	};

	if (!profile->timeline)
		return error_set(err, ERROR_INPUT,
		                 "this profile has no timeline to show; record without "
		                 "--no-timeline, into .yaml");
	if (profile->timeline->sample_count)
		write_strips(&writer);
	else
		fputs("No sample was got, so there is no timeline.\n", out);
	return true;
}
