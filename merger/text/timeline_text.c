/* What changed when, for people: a strip over the time for each function that has a part of the weight, in the
 * tree's order. A column's height is the function's share of all that was there in that column's time; a chain
 * of calls whose strips are equal is one row. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/text_width.h"
#include "merger/profile/label.h"
#include "merger/profile/timeline_replay.h"
#include "merger/text/text_writers.h"

#define COLUMNS 60       /* of a strip, if the width is not known */
#define COLUMNS_MIN 20   /* of a narrow terminal */
#define LABEL_COLUMNS 36 /* kept for a label */
#define SHARE_MIN 3.0    /* percent of the weight that a row must have */
#define ROW_NONE UINT32_MAX
#define LEVELS 8

static const char *const levels_utf8[LEVELS + 1] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const levels_ascii[LEVELS + 1] = { " ", ".", ":", "-", "=", "+", "*", "#", "@" };

struct strip_writer {
	const struct profile *profile;
	const struct timeline *timeline;
	const struct write_options *view;
	FILE *out;
	size_t columns;
	uint64_t first_us, end_us;
	uint32_t *rows; /* of the nodes: their place in `weights`, ROW_NONE */
	uint64_t *weights;
	uint64_t *whole; /* of each column */
	struct timeline_replay standings;
	size_t *last_columns; /* by target: of its last sample */
	struct buf text;
};

static double share(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : 0;
}

static size_t column_of(const struct strip_writer *writer, uint64_t time_us)
{
	double at = share(time_us - writer->first_us, writer->end_us - writer->first_us);
	size_t column = (size_t)(at * (double)writer->columns);

	return column < writer->columns ? column : writer->columns - 1;
}

static void node_add(struct strip_writer *writer, uint32_t node, size_t column, uint64_t weight)
{
	if (writer->rows[node] != ROW_NONE)
		writer->weights[writer->rows[node] * writer->columns + column] += weight;
}

static void thread_count(struct strip_writer *writer, uint32_t slot)
{
	const struct timeline_entry *entry = &writer->standings.threads[slot].entry;
	const struct timeline_step *steps = writer->timeline->steps;
	size_t column = writer->last_columns[writer->timeline->slots[slot].target];
	uint64_t weight = timeline_replay_samples(&writer->standings, slot) *
	                  timeline_replay_weight(entry, writer->profile->weight);
	uint32_t top = TREE_ROOT; /* at last, the path's process */

	if (!weight)
		return;
	writer->whole[column] += weight;
	for (uint32_t i = entry->stack; i != TIMELINE_ROOT; i = steps[i].parent) {
		node_add(writer, steps[i].node, column, weight);
		top = tree_node(writer->profile->tree, steps[i].node)->parent;
	}
	node_add(writer, top, column, weight);
}

static void target_count(struct strip_writer *writer, uint32_t target)
{
	for (uint32_t i = 0; i < writer->timeline->slot_count; i++)
		if (writer->timeline->slots[i].target == target)
			thread_count(writer, i);
}

static void samples_count(struct strip_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	while (timeline_next(&cursor)) {
		size_t column = column_of(writer, cursor.sample.time_us);

		if (column != writer->last_columns[cursor.target])
			target_count(writer, cursor.target);
		for (size_t i = 0; i < cursor.change_count; i++) {
			const struct timeline_change *change = &cursor.changes[i];

			thread_count(writer, change->slot);
			writer->standings.threads[change->slot].entry = change->entry;
		}
		writer->last_columns[cursor.target] = column;
		writer->standings.samples[cursor.target]++;
	}
	timeline_cursor_deinit(&cursor);
	for (uint32_t i = 0; i < writer->timeline->target_count; i++)
		target_count(writer, i);
}

static void times_find(struct strip_writer *writer)
{
	struct timeline_cursor cursor = { .timeline = writer->timeline };

	writer->first_us = UINT64_MAX;
	while (timeline_next(&cursor))
		if (cursor.sample.time_us < writer->first_us)
			writer->first_us = cursor.sample.time_us;
	timeline_cursor_deinit(&cursor);
	writer->end_us = writer->timeline->last_us + 1;
}

/* Gives a row to each node that is large enough; returns how many. */
static size_t rows_deal(struct strip_writer *writer)
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

static const uint64_t *strip_of(const struct strip_writer *writer, uint32_t node)
{
	return writer->weights + writer->rows[node] * writer->columns;
}

/* The last node of the chain that begins at `node` and has one strip. */
static uint32_t chain_end(const struct strip_writer *writer, uint32_t node)
{
	const struct tree *tree = writer->profile->tree;
	uint32_t child;

	for (;; node = child) {
		child = tree_node(tree, node)->first_child;
		if (child == TREE_NONE || writer->rows[child] == ROW_NONE ||
		    memcmp(strip_of(writer, node), strip_of(writer, child),
		           writer->columns * sizeof(uint64_t)))
			return node;
	}
}

static void strip_write(const struct strip_writer *writer, uint32_t node)
{
	const char *const *levels = writer->view->ascii ? levels_ascii : levels_utf8;
	const uint64_t *strip = strip_of(writer, node);

	for (size_t i = 0; i < writer->columns; i++) {
		unsigned level = (unsigned)(share(strip[i], writer->whole[i]) * LEVELS + 0.5);

		if (!level && strip[i])
			level = 1; /* little, but there */
		fputs(levels[level <= LEVELS ? level : LEVELS], writer->out);
	}
}

/* "alpha (phases.py) .. burn_some (spinext.so)" */
static void label_write(struct strip_writer *writer, uint32_t node, uint32_t end, uint32_t indent)
{
	const struct profile *profile = writer->profile;
	const struct label_options options = { writer->view->full_paths,
		                               tree_by_line(profile->tree) };
	size_t used = 8 + writer->columns + 2;
	struct span text;

	buf_clear(&writer->text);
	buf_printf(&writer->text, "%*s", (int)(indent < 20 ? 2 * indent : 40), "");
	label_add(&writer->text, profile->intern, tree_frame(profile->tree, node), &options);
	if (end != node) {
		buf_add_span(&writer->text, SPAN_LIT(" .. "));
		label_add(&writer->text, profile->intern, tree_frame(profile->tree, end), &options);
	}
	text = buf_span(&writer->text);
	if (writer->view->width)
		text = text_width_cut(text, writer->view->width > used ? writer->view->width - used
		                                                       : LABEL_COLUMNS);
	fwrite(text.ptr, 1, text.len, writer->out);
}

/* A chain's rows have its indent, so that what is called by its end stands below it. */
static void rows_write(struct strip_writer *writer, uint32_t *indents)
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
		end = chain_end(writer, at);
		fprintf(writer->out, "%5.1f%%  ", 100 * share(tree_node(tree, at)->total, all));
		strip_write(writer, at);
		fputs("  ", writer->out);
		label_write(writer, at, end, indents[row]);
		fputc('\n', writer->out);
	}
}

static void heading_write(const struct strip_writer *writer)
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

/* Not more than there were samples in that time: an empty column is to say that none was taken. */
static size_t columns_fit(const struct strip_writer *writer)
{
	size_t others = 8 + 2 + LABEL_COLUMNS, columns = COLUMNS;
	unsigned width = writer->view->width;
	double rate = (double)writer->profile->sampling.rate_mhz / 1e9; /* samples a microsecond */
	double most = rate * (double)(writer->end_us - writer->first_us) + 1;

	if (width && width < COLUMNS + others)
		columns = width > COLUMNS_MIN + others ? width - others : COLUMNS_MIN;
	return rate > 0 && most < (double)columns ? (size_t)most : columns;
}

static void strips_write(struct strip_writer *writer)
{
	size_t count = rows_deal(writer);
	uint32_t *indents = alloc_zeroed(count, sizeof(*indents));

	times_find(writer);
	writer->columns = columns_fit(writer);
	writer->weights = alloc_zeroed(count * writer->columns, sizeof(*writer->weights));
	writer->whole = alloc_zeroed(writer->columns, sizeof(*writer->whole));
	timeline_replay_init(&writer->standings, writer->timeline);
	writer->last_columns =
	        alloc_zeroed(writer->timeline->target_count, sizeof(*writer->last_columns));
	samples_count(writer);
	heading_write(writer);
	rows_write(writer, indents);
	free(indents);
	free(writer->rows);
	free(writer->weights);
	free(writer->whole);
	timeline_replay_deinit(&writer->standings);
	free(writer->last_columns);
	buf_deinit(&writer->text);
}

bool timeline_text_write(const struct profile *profile, const struct write_options *view, FILE *out,
                         struct error *err)
{
	struct strip_writer writer = {
		.profile = profile,
		.timeline = profile->timeline,
		.view = view,
		.out = out,
	};

	if (!profile->timeline)
		return error_set(err, ERROR_INPUT,
		                 "this profile has no timeline to show; record without "
		                 "--no-timeline, into .yaml");
	if (profile->timeline->sample_count)
		strips_write(&writer);
	else
		fputs("No sample was got, so there is no timeline.\n", out);
	return true;
}
