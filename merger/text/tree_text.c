/* tree_text: the call tree as text.
 *
 * A node with one child does not indent it. A chain of calls is a column of lines, and only a
 * branch uses more width, so that 60 levels fit a terminal. Nodes that are too small are summed
 * up in one line. */
#include "merger/text/tree_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/base/text_width.h"
#include "merger/profile/frame_repeats.h"
#include "merger/profile/label.h"
#include "merger/text/text_cells.h"
#include "merger/text/text_style.h"
#include "merger/text/text_writers.h"

#define GUIDE_COLUMNS 3       /* of one branch */
#define GUIDE_COLUMNS_MAX 120 /* of all branches; the leftmost ones are cut off */
#define LABEL_COLUMNS_MIN 24
#define LINES_SHOWN 3
#define LINE_SHARE_MIN 5 /* percent of its node that a further line must have to be shown */

enum guide { GUIDE_BRANCH, GUIDE_LAST, GUIDE_BAR, GUIDE_NONE, GUIDE_TWIG, GUIDE_CUT, GUIDE_COUNT };

static const char *const guides_utf8[GUIDE_COUNT] = { "├─ ", "└─ ", "│  ", "   ", "╰─ ", "«  " };
static const char *const guides_ascii[GUIDE_COUNT] = { "|- ", "`- ", "|  ", "   ", "`- ", "<  " };

struct tree_writer {
	const struct profile *profile;
	const struct write_options *options;
	FILE *out;
	const char *const *guides;
	const struct tree_columns *columns;
	/* by branch: is there a vertical line below it? */
	struct buf bars;
	struct buf label;
	/* A chain of nodes of equal weight, each the only child of the one before. */
	uint32_t *chain;
	const struct frame **chain_frames;
	size_t chain_count, chain_cap, frames_cap;
	size_t chain_at; /* the next node to draw */
};

static void set_colour(const struct tree_writer *writer, const char *colour)
{
	text_style_write(writer->options, writer->out, colour);
}

static bool is_node_shown(const struct tree_writer *writer, uint32_t node)
{
	return writer->columns->percent(writer->columns->ctx, node) >= writer->options->min_percent;
}

/* "  py  " */
static void write_tag(const struct tree_writer *writer, const char *tag, const char *colour)
{
	fputs("  ", writer->out);
	set_colour(writer, colour);
	fputs(tag, writer->out);
	set_colour(writer, TEXT_OFF);
	fputs("  ", writer->out);
}

/* Writes the guides of the open branches, and the guide of this line (GUIDE_NONE: none). Returns
 * their columns. */
static size_t write_guides(const struct tree_writer *writer, enum guide own)
{
	size_t max = writer->options->width ? writer->options->width / 2 : GUIDE_COLUMNS_MAX;
	size_t count = writer->bars.len, first = 0;

	if (max > GUIDE_COLUMNS_MAX)
		max = GUIDE_COLUMNS_MAX;
	set_colour(writer, TEXT_DIM);
	if (count * GUIDE_COLUMNS > max) {
		first = count - max / GUIDE_COLUMNS + 1;
		fputs(writer->guides[GUIDE_CUT], writer->out);
	}
	for (size_t i = first; i < count; i++)
		fputs(writer->guides[writer->bars.ptr[i] ? GUIDE_BAR : GUIDE_NONE], writer->out);
	if (own != GUIDE_NONE)
		fputs(writer->guides[own], writer->out);
	set_colour(writer, TEXT_OFF);
	return (count - first + (first > 0) + (own != GUIDE_NONE)) * GUIDE_COLUMNS;
}

/* The heaviest lines of a node, heaviest first; returns the number of all its lines. */
static size_t pick_lines(const struct tree *tree, uint32_t node, struct tree_line best[LINES_SHOWN])
{
	size_t count = 0;

	for (struct tree_line line = tree_line_first(tree, node); line.number;
	     line = tree_line_next(tree, &line)) {
		size_t at = count < LINES_SHOWN ? count : LINES_SHOWN;

		count++;
		while (at > 0 && best[at - 1].weight < line.weight) {
			if (at < LINES_SHOWN)
				best[at] = best[at - 1];
			at--;
		}
		if (at < LINES_SHOWN)
			best[at] = line;
	}
	return count;
}

/* ":14", or ":14 75%, 15 25%" if the weight is on several lines. */
static void append_lines(struct tree_writer *writer, uint32_t node)
{
	const struct tree *tree = writer->profile->tree;
	struct tree_line best[LINES_SHOWN];
	size_t count = pick_lines(tree, node, best), shown = 0;

	for (size_t i = 0; i < count && i < LINES_SHOWN; i++) {
		double share = number_percent(best[i].weight, tree_node(tree, node)->total);

		if (i > 0 && share < LINE_SHARE_MIN)
			break;
		shown++;
		buf_printf(&writer->label, "%s%u", i ? ", " : ":", best[i].number);
		if (count > 1)
			buf_printf(&writer->label, " %.0f%%", share);
	}
	if (shown < count)
		buf_printf(&writer->label, ", ...");
}

/* Fills writer->label with the name and the place; returns the length of the name. */
static size_t fill_label(struct tree_writer *writer, uint32_t at)
{
	const struct frame *frame = tree_frame(writer->profile->tree, at);
	const struct label_options label_options = { writer->options->full_paths,
		                                     tree_by_line(writer->profile->tree) };
	struct buf *label = &writer->label;
	bool in_source = frame_is_script(frame->kind) || !frame->module;
	struct span file = intern_get(writer->profile->intern, frame->file);
	size_t name_len = intern_get(writer->profile->intern, frame->name).len;

	buf_clear(label);
	label_add(label, writer->profile->intern, frame, &label_options);
	if (!name_len)
		name_len = label->len < 2 ? label->len : 2; /* ?? */
	if (!frame->file || label_options.by_line ||
	    (!frame_is_script(frame->kind) && frame->kind != FRAME_NATIVE))
		return name_len;
	if (!in_source) {
		buf_add_span(label, SPAN_LIT(" at "));
		buf_add_span(label, label_options.full_paths ? file : label_file(file));
	} else if (tree_line_first(writer->profile->tree, at).number) {
		buf_add_span(label, SPAN_LIT(" "));
	}
	append_lines(writer, at);
	return name_len;
}

/* Writes the two parts of the label, name and place, in at most `room` columns. The name is cut
 * first: a long name is a template's or a path's, and its end is the least important part. */
static void write_node_label(const struct tree_writer *writer, size_t name_len, size_t room,
                             const char *colour)
{
	struct span name = { writer->label.ptr, name_len };
	struct span place = span_skip(buf_span(&writer->label), name_len);
	struct span dots = writer->options->ascii ? SPAN_LIT("...") : SPAN_LIT("…");
	size_t dots_columns = text_width_of(dots);
	size_t name_columns = text_width_of(name), place_columns = text_width_of(place);
	bool name_cut = false, place_cut = false;

	if (room && name_columns + place_columns > room) {
		size_t name_room = room > place_columns + LABEL_COLUMNS_MIN ? room - place_columns
		                                                            : LABEL_COLUMNS_MIN;

		name_cut = name_columns > name_room;
		if (name_cut) {
			name = text_width_cut(name, name_room - dots_columns);
			name_columns = name_room;
		}
		place_cut = name_columns + place_columns > room;
		if (place_cut)
			place = text_width_cut(place, room > name_columns + dots_columns
			                                      ? room - name_columns - dots_columns
			                                      : 0);
	}
	set_colour(writer, colour);
	fwrite(name.ptr, 1, name.len, writer->out);
	if (name_cut)
		fwrite(dots.ptr, 1, dots.len, writer->out);
	set_colour(writer, TEXT_OFF);
	set_colour(writer, TEXT_DIM);
	fwrite(place.ptr, 1, place.len, writer->out);
	if (place_cut)
		fwrite(dots.ptr, 1, dots.len, writer->out);
	set_colour(writer, TEXT_OFF);
}

static void write_node(struct tree_writer *writer, uint32_t at, enum guide own)
{
	const struct text_style *style =
	        text_style_of_kind(tree_frame(writer->profile->tree, at)->kind);
	size_t used = writer->columns->width + 6, name_len = fill_label(writer, at), room = 0;

	writer->columns->write(writer->columns->ctx, writer->out, at);
	write_tag(writer, style->tag, style->colour);
	used += write_guides(writer, own);
	if (writer->options->width)
		room = writer->options->width > used + LABEL_COLUMNS_MIN
		               ? writer->options->width - used
		               : LABEL_COLUMNS_MIN;
	write_node_label(writer, name_len, room, style->colour);
	fputc('\n', writer->out);
}

/* Writes one line for all children from `first` on, which are too small to be shown. */
static void write_fold(struct tree_writer *writer, uint32_t first, enum guide own)
{
	const struct tree *tree = writer->profile->tree;
	double percent = 0;
	size_t count = 0;

	for (uint32_t i = first; i != TREE_NONE; i = tree_node(tree, i)->next_sibling) {
		percent += writer->columns->percent(writer->columns->ctx, i);
		count++;
	}
	writer->columns->rest(writer->columns->ctx, writer->out, first);
	write_tag(writer, "  ", "");
	write_guides(writer, own);
	set_colour(writer, TEXT_DIM);
	if (writer->columns->adds_up)
		fprintf(writer->out, "(%zu more, %.1f %%)", count, percent);
	else
		fprintf(writer->out, "(%zu more)", count);
	set_colour(writer, TEXT_OFF);
	fputc('\n', writer->out);
}

/* The children of a node. Those that are shown come first, because they are sorted by total. */
struct family {
	size_t shown;
	uint32_t hidden; /* the first child that is not shown; TREE_NONE: all are */
};

static struct family find_children(const struct tree_writer *writer, uint32_t parent)
{
	const struct tree *tree = writer->profile->tree;
	struct family ret = { 0, tree_node(tree, parent)->first_child };

	while (ret.hidden != TREE_NONE && is_node_shown(writer, ret.hidden)) {
		ret.shown++;
		ret.hidden = tree_node(tree, ret.hidden)->next_sibling;
	}
	return ret;
}

/* One level of the walk. */
struct level {
	uint32_t next; /* the next child to draw */
	struct family family;
	size_t bars; /* number of branches to the left of the children */
};

static void open_level(struct tree_writer *writer, struct level *level, uint32_t parent)
{
	level->next = tree_node(writer->profile->tree, parent)->first_child;
	level->family = find_children(writer, parent);
	level->bars = writer->bars.len;
	/* If only one child is shown, the folded line comes first: after the child's own callees
	 * it would not be clear whose children they are. */
	if (level->family.shown < 2 && level->family.hidden != TREE_NONE)
		write_fold(writer, level->family.hidden, GUIDE_TWIG);
}

static void add_to_chain(struct tree_writer *writer, uint32_t node)
{
	size_t count = writer->chain_count + 1;

	writer->chain =
	        alloc_grow(writer->chain, &writer->chain_cap, count, sizeof(writer->chain[0]));
	writer->chain_frames = alloc_grow(writer->chain_frames, &writer->frames_cap, count,
	                                  sizeof(writer->chain_frames[0]));
	writer->chain[count - 1] = node;
	writer->chain_frames[count - 1] = tree_frame(writer->profile->tree, node);
	writer->chain_count = count;
}

/* Sets the chain that begins with a node, unless the node is in the current one. */
static void find_chain(struct tree_writer *writer, uint32_t node)
{
	const struct tree *tree = writer->profile->tree;

	if (writer->chain_at < writer->chain_count && writer->chain[writer->chain_at] == node)
		return;
	writer->chain_at = writer->chain_count = 0;
	for (;;) {
		uint32_t child = tree_node(tree, node)->first_child;

		add_to_chain(writer, node);
		if (child == TREE_NONE || tree_node(tree, child)->next_sibling != TREE_NONE ||
		    tree_node(tree, child)->total != tree_node(tree, node)->total)
			return;
		node = child;
	}
}

static void write_repeats(struct tree_writer *writer, uint32_t node, struct frame_repeats repeats)
{
	writer->columns->write(writer->columns->ctx, writer->out, node);
	write_tag(writer, "  ", "");
	write_guides(writer, GUIDE_NONE);
	buf_clear(&writer->label);
	frame_repeats_describe(&writer->label, repeats);
	set_colour(writer, TEXT_DIM);
	fprintf(writer->out, "%.*s", SPAN_ARG(writer->label));
	set_colour(writer, TEXT_OFF);
	fputc('\n', writer->out);
}

/* Draws the rest of a cycle of which `node` is the first function and was drawn. Returns the last
 * node that is drawn or stands for one: the node itself if nothing is repeated. The two weights of
 * a comparison may differ within a chain. */
static uint32_t write_cycle(struct tree_writer *writer, uint32_t node)
{
	struct frame_repeats repeats;
	uint32_t last;

	if (writer->options->all || !writer->columns->adds_up)
		return node;
	find_chain(writer, node);
	repeats = frame_repeats_find(writer->chain_frames, writer->chain_count, writer->chain_at);
	if (repeats.count == 1) {
		writer->chain_at++;
		return node;
	}
	for (size_t i = 1; i < repeats.period; i++)
		write_node(writer, writer->chain[writer->chain_at + i], GUIDE_NONE);
	writer->chain_at += repeats.period * repeats.count;
	last = writer->chain[writer->chain_at - 1];
	write_repeats(writer, last, repeats);
	return last;
}

/* Draws the next child of a level and sets the bars for its children. TREE_NONE: no child is
 * left. */
static uint32_t step_level(struct tree_writer *writer, struct level *level)
{
	uint32_t child = level->next;
	bool last;

	writer->bars.len = level->bars;
	if (child == level->family.hidden) {
		if (level->family.shown > 1 && child != TREE_NONE)
			write_fold(writer, child, GUIDE_LAST);
		return TREE_NONE;
	}
	level->next = tree_node(writer->profile->tree, child)->next_sibling;
	if (level->family.shown == 1) {
		write_node(writer, child, GUIDE_NONE);
		return write_cycle(writer, child);
	}
	last = level->next == TREE_NONE;
	write_node(writer, child, last ? GUIDE_LAST : GUIDE_BRANCH);
	buf_add(&writer->bars, last ? "\0" : "\1", 1);
	return write_cycle(writer, child);
}

static void walk_tree(struct tree_writer *writer)
{
	struct level *levels = NULL;
	size_t depth = 1, cap = 0;

	levels = alloc_grow(levels, &cap, depth, sizeof(*levels));
	open_level(writer, &levels[0], TREE_ROOT);
	while (depth > 0 && !ferror(writer->out)) {
		uint32_t child = step_level(writer, &levels[depth - 1]);

		if (child == TREE_NONE) {
			depth--;
			continue;
		}
		levels = alloc_grow(levels, &cap, depth + 1, sizeof(*levels));
		open_level(writer, &levels[depth++], child);
	}
	free(levels);
}

void tree_text_draw(const struct profile *profile, const struct write_options *options,
                    const struct tree_columns *columns, FILE *out)
{
	struct tree_writer writer = {
		.profile = profile,
		.options = options,
		.out = out,
		.guides = options->ascii ? guides_ascii : guides_utf8,
		.columns = columns,
	};

	walk_tree(&writer);
	buf_deinit(&writer.bars);
	buf_deinit(&writer.label);
	free(writer.chain);
	free(writer.chain_frames);
}

/* The columns of one profile: "100.0%      200  50.0%      100", with errors if wanted. */

static double get_weight_percent(const void *ctx, uint32_t node)
{
	const struct text_cells *cells = ctx;

	return number_percent(tree_node(cells->profile->tree, node)->total, cells->whole);
}

static void write_weights(const void *ctx, FILE *out, uint32_t node)
{
	const struct text_cells *cells = ctx;
	const struct tree *tree = cells->profile->tree;
	uint64_t self = tree_self(tree, node);
	bool hot = number_percent(self, cells->whole) >= TEXT_HOT_PERCENT;

	text_cells_write_weight(cells, tree_node(tree, node)->total, node);
	if (!self) {
		fprintf(out, "  %*s", text_cells_columns(cells), "");
		return;
	}
	text_style_write(cells->options, out, hot ? TEXT_HOT : "");
	fputs("  ", out);
	text_cells_write_weight(cells, self, tree_error_self(&cells->tree_error, node));
	text_style_write(cells->options, out, hot ? TEXT_OFF : "");
}

static void write_weights_rest(const void *ctx, FILE *out, uint32_t first)
{
	const struct text_cells *cells = ctx;
	const struct tree *tree = cells->profile->tree;
	uint64_t total = 0;

	for (; first != TREE_NONE; first = tree_node(tree, first)->next_sibling)
		total += tree_node(tree, first)->total;
	text_cells_write_sum(cells, total);
	fprintf(out, "  %*s", text_cells_columns(cells), "");
}

static void write_calls(const struct text_cells *cells)
{
	const struct tree_columns columns = {
		.ctx = cells,
		.width = 2 + 2 * (size_t)text_cells_columns(cells),
		.percent = get_weight_percent,
		.adds_up = true,
		.write = write_weights,
		.rest = write_weights_rest,
	};
	const char *unit = text_cells_unit(cells);
	int room = text_cells_unit_columns(cells);

	if (!cells->whole) {
		text_cells_write_nothing(cells->profile, cells->out);
		return;
	}
	text_style_write(cells->options, cells->out, TEXT_DIM);
	fprintf(cells->out, " total %*s    self %*s      call tree\n", room, unit, room, unit);
	text_style_write(cells->options, cells->out, TEXT_OFF);
	tree_text_draw(cells->profile, cells->options, &columns, cells->out);
}

void tree_text_write_calls(const struct profile *profile, const struct write_options *options,
                           FILE *out)
{
	struct text_cells cells;

	text_cells_init(&cells, profile, options, false, out);
	write_calls(&cells);
	text_cells_deinit(&cells);
}

bool tree_text_write(const struct profile *profile, const struct write_options *options, FILE *out,
                     struct error *err)
{
	struct text_cells cells;

	(void)err; /* a write error shows in ferror(out) */
	text_cells_init(&cells, profile, options, options->intervals, out);
	write_calls(&cells);
	text_cells_write_summary(&cells);
	text_cells_deinit(&cells);
	return true;
}
