/* The tree for people.
 *
 * A node with one child does not indent it: a chain of calls is a column of lines, and only a place
 * where the program went different ways takes room to the right, so 60 levels fit a terminal. What is
 * too small to see hangs on its parent in one line. */
#include "merger/text/tree_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/text_width.h"
#include "merger/profile/label.h"
#include "merger/base/number.h"
#include "merger/text/text_style.h"
#include "merger/text/text_writers.h"
#include "merger/text/weight_columns.h"

#define GUIDE_COLUMNS 3       /* of one branch */
#define GUIDE_COLUMNS_MAX 120 /* of all; what is further left is cut off */
#define LABEL_COLUMNS_MIN 24
#define LINES_SHOWN 3
#define LINE_SHARE_MIN 5 /* percent of its node that a line must have to be shown beside others */

enum guide { GUIDE_BRANCH, GUIDE_LAST, GUIDE_BAR, GUIDE_NONE, GUIDE_TWIG, GUIDE_CUT, GUIDE_COUNT };

static const char *const guides_utf8[GUIDE_COUNT] = { "├─ ", "└─ ", "│  ", "   ", "╰─ ", "«  " };
static const char *const guides_ascii[GUIDE_COUNT] = { "|- ", "`- ", "|  ", "   ", "`- ", "<  " };

struct tree_writer {
	const struct profile *profile;
	const struct write_options *view;
	FILE *out;
	const char *const *guides;
	const struct tree_columns *columns;
	/* bars[0..bar_count): does a line go on down the left of what is drawn now? one a branch */
	struct buf bars;
	struct buf label;
};

static void colour_set(const struct tree_writer *writer, const char *colour)
{
	text_style_write(writer->view, writer->out, colour);
}

static bool is_shown(const struct tree_writer *writer, uint32_t node)
{
	return writer->columns->percent(writer->columns->ctx, node) >= writer->view->min_percent;
}

/* "  py  " */
static void tag_write(const struct tree_writer *writer, const char *tag, const char *colour)
{
	fputs("  ", writer->out);
	colour_set(writer, colour);
	fputs(tag, writer->out);
	colour_set(writer, TEXT_OFF);
	fputs("  ", writer->out);
}

/* Guides for the branches on the way to here, and one of this line's own (GUIDE_NONE: none). Returns
 * the columns that they take. */
static size_t guides_write(const struct tree_writer *writer, enum guide own)
{
	size_t max = writer->view->width ? writer->view->width / 2 : GUIDE_COLUMNS_MAX;
	size_t count = writer->bars.len, first = 0;

	if (max > GUIDE_COLUMNS_MAX)
		max = GUIDE_COLUMNS_MAX;
	colour_set(writer, TEXT_DIM);
	if (count * GUIDE_COLUMNS > max) {
		first = count - max / GUIDE_COLUMNS + 1;
		fputs(writer->guides[GUIDE_CUT], writer->out);
	}
	for (size_t i = first; i < count; i++)
		fputs(writer->guides[writer->bars.ptr[i] ? GUIDE_BAR : GUIDE_NONE], writer->out);
	if (own != GUIDE_NONE)
		fputs(writer->guides[own], writer->out);
	colour_set(writer, TEXT_OFF);
	return (count - first + (first > 0) + (own != GUIDE_NONE)) * GUIDE_COLUMNS;
}

/* The heaviest lines of a node, heaviest first; returns how many of its lines are worth showing. */
static size_t lines_pick(const struct tree *tree, uint32_t node, struct tree_line best[LINES_SHOWN])
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

/* ":14", or ":14 75%, 15 25%" where the weight lies on several lines. */
static void lines_add(struct tree_writer *writer, uint32_t node)
{
	const struct tree *tree = writer->profile->tree;
	struct tree_line best[LINES_SHOWN];
	size_t count = lines_pick(tree, node, best), shown = 0;

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

/* Fills writer->label with the label and where the lines are; returns the length of its name. */
static size_t label_fill(struct tree_writer *writer, uint32_t at)
{
	const struct frame *frame = tree_frame(writer->profile->tree, at);
	const struct label_options options = { writer->view->full_paths,
		                               tree_by_line(writer->profile->tree) };
	struct buf *label = &writer->label;
	bool in_source = frame->kind == FRAME_PYTHON || !frame->module;
	struct span file = intern_get(writer->profile->intern, frame->file);
	size_t name_len = intern_get(writer->profile->intern, frame->name).len;

	buf_clear(label);
	label_add(label, writer->profile->intern, frame, &options);
	if (!name_len)
		name_len = label->len < 2 ? label->len : 2; /* ?? */
	if (!frame->file || options.by_line ||
	    (frame->kind != FRAME_PYTHON && frame->kind != FRAME_NATIVE))
		return name_len;
	if (!in_source) {
		buf_add_span(label, SPAN_LIT(" at "));
		buf_add_span(label, options.full_paths ? file : span_basename(file));
	} else if (tree_line_first(writer->profile->tree, at).number) {
		buf_add_span(label, SPAN_LIT(" "));
	}
	lines_add(writer, at);
	return name_len;
}

/* Writes the label's two parts, name and place, in at most `room` columns. The name gives way first:
 * a long one is a template's or a path's, and its end says least. */
static void label_write(const struct tree_writer *writer, size_t name_len, size_t room,
                        const char *colour)
{
	struct span name = { writer->label.ptr, name_len };
	struct span place = span_skip(buf_span(&writer->label), name_len);
	struct span dots = writer->view->ascii ? SPAN_LIT("...") : SPAN_LIT("…");
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
	colour_set(writer, colour);
	fwrite(name.ptr, 1, name.len, writer->out);
	if (name_cut)
		fwrite(dots.ptr, 1, dots.len, writer->out);
	colour_set(writer, TEXT_OFF);
	colour_set(writer, TEXT_DIM);
	fwrite(place.ptr, 1, place.len, writer->out);
	if (place_cut)
		fwrite(dots.ptr, 1, dots.len, writer->out);
	colour_set(writer, TEXT_OFF);
}

static void node_write(struct tree_writer *writer, uint32_t at, enum guide own)
{
	const struct text_style *style =
	        text_kind_style(tree_frame(writer->profile->tree, at)->kind);
	size_t used = writer->columns->width + 6, name_len = label_fill(writer, at), room = 0;

	writer->columns->write(writer->columns->ctx, writer->out, at);
	tag_write(writer, style->tag, style->colour);
	used += guides_write(writer, own);
	if (writer->view->width)
		room = writer->view->width > used + LABEL_COLUMNS_MIN ? writer->view->width - used
		                                                      : LABEL_COLUMNS_MIN;
	label_write(writer, name_len, room, style->colour);
	fputc('\n', writer->out);
}

/* The children from `first` on are too small to show. */
static void fold_write(struct tree_writer *writer, uint32_t first, enum guide own)
{
	const struct tree *tree = writer->profile->tree;
	double percent = 0;
	size_t count = 0;

	for (uint32_t i = first; i != TREE_NONE; i = tree_node(tree, i)->next_sibling) {
		percent += writer->columns->percent(writer->columns->ctx, i);
		count++;
	}
	writer->columns->rest(writer->columns->ctx, writer->out, first);
	tag_write(writer, "  ", "");
	guides_write(writer, own);
	colour_set(writer, TEXT_DIM);
	if (writer->columns->adds_up)
		fprintf(writer->out, "(%zu more, %.1f %%)", count, percent);
	else
		fprintf(writer->out, "(%zu more)", count);
	colour_set(writer, TEXT_OFF);
	fputc('\n', writer->out);
}

/* How a node's children are drawn: those that are shown come first, as they are in order of total. */
struct family {
	size_t shown;
	uint32_t hidden; /* the first one that is not shown, TREE_NONE if all are */
};

static struct family family_of(const struct tree_writer *writer, uint32_t parent)
{
	const struct tree *tree = writer->profile->tree;
	struct family ret = { 0, tree_node(tree, parent)->first_child };

	while (ret.hidden != TREE_NONE && is_shown(writer, ret.hidden)) {
		ret.shown++;
		ret.hidden = tree_node(tree, ret.hidden)->next_sibling;
	}
	return ret;
}

/* One level of the walk. */
struct level {
	uint32_t next; /* the child to draw next */
	struct family family;
	size_t bars; /* how many bars are to the left of the children */
};

static void level_open(struct tree_writer *writer, struct level *level, uint32_t parent)
{
	level->next = tree_node(writer->profile->tree, parent)->first_child;
	level->family = family_of(writer, parent);
	level->bars = writer->bars.len;
	/* On a trunk the small ones come first: below it nobody could tell whose they are. */
	if (level->family.shown < 2 && level->family.hidden != TREE_NONE)
		fold_write(writer, level->family.hidden, GUIDE_TWIG);
}

/* Draws the next child of a level and leaves the bars as its children need them. TREE_NONE: all done. */
static uint32_t level_step(struct tree_writer *writer, struct level *level)
{
	uint32_t child = level->next;
	bool last;

	writer->bars.len = level->bars;
	if (child == level->family.hidden) {
		if (level->family.shown > 1 && child != TREE_NONE)
			fold_write(writer, child, GUIDE_LAST);
		return TREE_NONE;
	}
	level->next = tree_node(writer->profile->tree, child)->next_sibling;
	if (level->family.shown == 1) {
		node_write(writer, child, GUIDE_NONE);
		return child;
	}
	last = level->next == TREE_NONE;
	node_write(writer, child, last ? GUIDE_LAST : GUIDE_BRANCH);
	buf_add(&writer->bars, last ? "\0" : "\1", 1);
	return child;
}

static void tree_walk(struct tree_writer *writer)
{
	struct level *levels = NULL;
	size_t depth = 1, cap = 0;

	levels = alloc_grow(levels, &cap, depth, sizeof(*levels));
	level_open(writer, &levels[0], TREE_ROOT);
	while (depth > 0 && !ferror(writer->out)) {
		uint32_t child = level_step(writer, &levels[depth - 1]);

		if (child == TREE_NONE) {
			depth--;
			continue;
		}
		levels = alloc_grow(levels, &cap, depth + 1, sizeof(*levels));
		level_open(writer, &levels[depth++], child);
	}
	free(levels);
}

void tree_text_draw(const struct profile *profile, const struct write_options *view,
                    const struct tree_columns *columns, FILE *out)
{
	struct tree_writer writer = {
		.profile = profile,
		.view = view,
		.out = out,
		.guides = view->ascii ? guides_ascii : guides_utf8,
		.columns = columns,
	};

	tree_walk(&writer);
	buf_deinit(&writer.bars);
	buf_deinit(&writer.label);
}

/* The columns of one profile: "100.0%      200  50.0%      100", each percentage with its error if that's wanted. */

static double weights_percent(const void *ctx, uint32_t node)
{
	const struct weight_columns *text = ctx;

	return number_percent(tree_node(text->profile->tree, node)->total, text->whole);
}

static void weights_write(const void *ctx, FILE *out, uint32_t node)
{
	const struct weight_columns *text = ctx;
	const struct tree *tree = text->profile->tree;
	uint64_t self = tree_self(tree, node);
	bool hot = number_percent(self, text->whole) >= TEXT_HOT_PERCENT;

	weight_columns_write(text, tree_node(tree, node)->total, node);
	if (!self) {
		fprintf(out, "  %*s", weight_columns_columns(text), "");
		return;
	}
	text_style_write(text->view, out, hot ? TEXT_HOT : "");
	fputs("  ", out);
	weight_columns_write(text, self, tree_error_self(&text->spread, node));
	text_style_write(text->view, out, hot ? TEXT_OFF : "");
}

static void weights_rest(const void *ctx, FILE *out, uint32_t first)
{
	const struct weight_columns *text = ctx;
	const struct tree *tree = text->profile->tree;
	uint64_t total = 0;

	for (; first != TREE_NONE; first = tree_node(tree, first)->next_sibling)
		total += tree_node(tree, first)->total;
	weight_columns_write_sum(text, total);
	fprintf(out, "  %*s", weight_columns_columns(text), "");
}

static void calls_write(const struct weight_columns *text)
{
	const struct tree_columns columns = {
		.ctx = text,
		.width = 2 + 2 * (size_t)weight_columns_columns(text),
		.percent = weights_percent,
		.adds_up = true,
		.write = weights_write,
		.rest = weights_rest,
	};
	const char *unit = weight_columns_unit(text);
	int room = weight_columns_room(text);

	if (!text->whole) {
		text_nothing_write(text->profile, text->out);
		return;
	}
	text_style_write(text->view, text->out, TEXT_DIM);
	fprintf(text->out, " total %*s    self %*s      call tree\n", room, unit, room, unit);
	text_style_write(text->view, text->out, TEXT_OFF);
	tree_text_draw(text->profile, text->view, &columns, text->out);
}

void tree_text_write_calls(const struct profile *profile, const struct write_options *view,
                           FILE *out)
{
	struct weight_columns text;

	weight_columns_init(&text, profile, view, false, out);
	calls_write(&text);
	weight_columns_deinit(&text);
}

bool tree_text_write(const struct profile *profile, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct weight_columns text;

	(void)err; /* a write error shows in ferror(out) */
	weight_columns_init(&text, profile, view, view->intervals, out);
	calls_write(&text);
	weight_columns_finish(&text);
	weight_columns_deinit(&text);
	return true;
}
