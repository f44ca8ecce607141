/* flame_graph: one SVG file that contains its style and script. It is a complete picture without
 * the script.
 *
 * Place and width of a box are given as weights (data-at, data-size); the script scales them to
 * the window. Boxes narrower than NARROW of the whole are left out and counted. Names are
 * written only as element content or attributes, escaped (XML 1.0, 2.4); the profile has no
 * control characters (escape.h). */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/base/text_width.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/flame_graph_assets.h"
#include "merger/profile/label.h"
#include "merger/stats/profile_diff.h"

#define WIDTH 1200
#define EDGE 10
#define TOP 66
#define ROW 18
#define CHAR_WIDTH 7.25
#define NARROW 0.00025 /* share of the whole; a third of a pixel without the script */
#define HUE_MIN 0.02   /* change of a share with the full hue, if no change is larger */
#define PALE 0.2
#define LINES_MAX 10 /* in a tooltip */

struct place {
	uint32_t node;
	uint64_t at;
};

struct svg {
	const struct profile *profile;
	const struct tree *tree;
	const struct profile_diff *diff; /* `profile` is its joint profile; NULL: not a diff */
	FILE *out;
	struct label_options labels;
	uint64_t total;
	double change_max;   /* the largest change, which has the full hue */
	struct place *stack; /* boxes to draw, the next one last; `depths` has their depths */
	size_t *depths;
	size_t count, cap, depths_cap;
	size_t shown, depth; /* number of boxes, and of levels */
	struct buf text;
};

static void write_xml(FILE *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '&')
			fputs("&amp;", out);
		else if (c == '"')
			fputs("&quot;", out);
		/* U+FFFE and U+FFFF are not XML characters. */
		else if (c == 0xef && i + 2 < text.len && (unsigned char)text.ptr[i + 1] == 0xbf &&
		         (unsigned char)text.ptr[i + 2] >= 0xbe)
			fputc('?', out), i += 2;
		else
			fputc(c, out);
	}
}

static const char *get_unit(const struct svg *svg)
{
	return svg->profile->weight == PROFILE_CPU_US ? "us of CPU" : "samples";
}

static void push_box(struct svg *svg, uint32_t node, uint64_t at, size_t depth)
{
	svg->stack = alloc_grow(svg->stack, &svg->cap, svg->count + 1, sizeof(*svg->stack));
	svg->depths =
	        alloc_grow(svg->depths, &svg->depths_cap, svg->count + 1, sizeof(*svg->depths));
	svg->stack[svg->count] = (struct place){ node, at };
	svg->depths[svg->count++] = depth;
}

static bool is_wide(const struct svg *svg, uint64_t weight)
{
	return weight && (double)weight >= NARROW * (double)svg->total;
}

/* Pushes the children that are wide enough, in the tree's order. */
static void push_child_boxes(struct svg *svg, uint32_t node, uint64_t at, size_t depth)
{
	for (uint32_t child = tree_node(svg->tree, node)->first_child; child != TREE_NONE;
	     child = tree_node(svg->tree, child)->next_sibling) {
		uint64_t weight = tree_node(svg->tree, child)->total;

		if (is_wide(svg, weight))
			push_box(svg, child, at, depth + 1);
		at += weight;
	}
}

/* Calls `draw` for each box. */
static void visit_boxes(struct svg *svg,
                        void (*draw)(struct svg *svg, const struct place *place, size_t depth))
{
	push_box(svg, TREE_ROOT, 0, 0);
	while (svg->count) {
		struct place place = svg->stack[--svg->count];
		size_t depth = svg->depths[svg->count];

		draw(svg, &place, depth);
		push_child_boxes(svg, place.node, place.at, depth);
	}
}

static void measure_box(struct svg *svg, const struct place *place, size_t depth)
{
	(void)place;
	svg->shown++;
	svg->depth = depth + 1 > svg->depth ? depth + 1 : svg->depth;
}

static void add_lines(struct svg *svg, uint32_t node, uint64_t total)
{
	size_t count = 0;

	for (struct tree_line line = tree_line_first(svg->tree, node); line.number;
	     line = tree_line_next(svg->tree, &line)) {
		if (count++ == LINES_MAX) {
			buf_add_span(&svg->text, SPAN_LIT("\n..."));
			return;
		}
		buf_add_span(&svg->text, SPAN_LIT("\n"));
		label_add_line(&svg->text, svg->profile->intern, tree_frame(svg->tree, node),
		               line.number);
		buf_printf(&svg->text, ": %.1f %%", number_percent(line.weight, total));
	}
}

static void add_change(struct svg *svg, const struct diff_share *share)
{
	buf_printf(&svg->text, "\nbefore %.1f %%, after %.1f %%: %+.1f \302\261%.1f of the whole",
	           100 * share->before, 100 * share->after, 100 * diff_change(share),
	           100 * share->error);
}

/* White for no change, red for a larger share, blue for a smaller one; pale if the change is not
 * larger than its error. */
static void write_hue(struct svg *svg, const struct diff_share *share)
{
	static const int more[] = { 255, 96, 84 }, less[] = { 96, 150, 255 };
	double size = fabs(diff_change(share)), depth = size / svg->change_max;
	const int *full = diff_change(share) > 0 ? more : less;

	if (size <= share->error)
		depth *= PALE;
	fputs(" style=\"fill:#", svg->out);
	for (size_t i = 0; i < 3; i++)
		fprintf(svg->out, "%02x", 255 - (int)(depth * (255 - full[i])));
	fputs("\"", svg->out);
}

/* Fills svg->text with the label and the further lines of the tooltip; returns the label's
 * length. */
static size_t write_tooltip(struct svg *svg, uint32_t node)
{
	uint64_t total = tree_node(svg->tree, node)->total, self = tree_self(svg->tree, node);
	size_t len;

	buf_clear(&svg->text);
	if (node == TREE_ROOT)
		buf_add_span(&svg->text, SPAN_LIT("all"));
	else
		label_add(&svg->text, svg->profile->intern, tree_frame(svg->tree, node),
		          &svg->labels);
	len = svg->text.len;
	if (svg->diff && node != TREE_ROOT)
		add_change(svg, &svg->diff->nodes[node]);
	if (svg->diff)
		return len;
	buf_printf(&svg->text, "\ntotal %" PRIu64 " %s, %.1f %%; self %" PRIu64 ", %.1f %%", total,
	           get_unit(svg), number_percent(total, svg->total), self,
	           number_percent(self, svg->total));
	if (node != TREE_ROOT)
		add_lines(svg, node, total);
	return len;
}

static void write_box_label(struct svg *svg, struct span label, double x, double y, double width)
{
	size_t room = width > 6 ? (size_t)((width - 6) / CHAR_WIDTH) : 0;

	fprintf(svg->out, "<text x=\"%.1f\" y=\"%.0f\">", x + 4, y + ROW / 2.0);
	if (room >= 3 && text_width_of(label) <= room) {
		write_xml(svg->out, label);
	} else if (room >= 3) {
		write_xml(svg->out, text_width_cut(label, room - 1));
		fputs("\xe2\x80\xa6", svg->out);
	}
	fputs("</text></g>\n", svg->out);
}

static void draw_box(struct svg *svg, const struct place *place, size_t depth)
{
	uint64_t total = tree_node(svg->tree, place->node)->total;
	double scale = svg->total ? (double)(WIDTH - 2 * EDGE) / (double)svg->total : 0;
	double x = EDGE + (double)place->at * scale, y = TOP + (double)depth * ROW;
	double width = place->node == TREE_ROOT ? WIDTH - 2 * EDGE : (double)total * scale;
	const char *kind = place->node == TREE_ROOT
	                           ? "all"
	                           : profile_kind_name(tree_frame(svg->tree, place->node)->kind);
	struct span label = { NULL, write_tooltip(svg, place->node) };

	label.ptr = svg->text.ptr;
	fprintf(svg->out,
	        "<g class=\"box %s%s\" data-at=\"%" PRIu64 "\" data-size=\"%" PRIu64
	        "\" data-depth=\"%zu\" data-name=\"",
	        svg->diff ? "diff " : "", kind, place->at, total, depth);
	write_xml(svg->out, label);
	fputs("\"><title>", svg->out);
	write_xml(svg->out, buf_span(&svg->text));
	fprintf(svg->out,
	        "</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\" rx=\"2\"", x, y,
	        width, ROW - 1);
	if (svg->diff && place->node != TREE_ROOT)
		write_hue(svg, &svg->diff->nodes[place->node]);
	fputs("/>", svg->out);
	write_box_label(svg, label, x, y, width);
}

/* "python3 samples/spin.py: 200 samples" */
static void write_title(struct svg *svg)
{
	const struct profile *profile = svg->profile;

	if (svg->diff) {
		fputs("<text class=\"title\" x=\"10\" y=\"18\">", svg->out);
		write_xml(svg->out, span_of(svg->diff->sides[DIFF_BEFORE].name));
		fputs(" \342\206\222 ", svg->out);
		write_xml(svg->out, span_of(svg->diff->sides[DIFF_AFTER].name));
		fputs("</text>\n", svg->out);
		return;
	}

	fputs("<text class=\"title\" x=\"10\" y=\"18\">", svg->out);
	for (size_t i = 0; i < profile->target_count && i < 3; i++) {
		const struct profile_target *target = &profile->targets[i];
		struct span name = intern_get(profile->intern, target->executable);

		fputs(i ? ", " : "", svg->out);
		write_xml(svg->out, span_basename(name));
		fprintf(svg->out, " %" PRIu32, target->pid);
	}
	fprintf(svg->out, "%s%" PRIu64 " %s</text>\n", profile->target_count ? ": " : "",
	        svg->total, get_unit(svg));
}

struct hue {
	const char *kind, *word;
};

/* From right to left. */
static const struct hue kind_hues[] = {
	{ "lost", "lost" }, { "kernel", "kernel" }, { "marker", "interpreter" },
	{ "native", "C" },  { "python", "Python" }, { NULL, NULL },
};
static const struct hue ruby_hues[] = {
	{ "lost", "lost" }, { "kernel", "kernel" }, { "marker", "interpreter" },
	{ "native", "C" },  { "ruby", "Ruby" },     { NULL, NULL },
};
static const struct hue diff_hues[] = {
	{ "less", "smaller share" },
	{ "more", "larger share" },
	{ NULL, NULL },
};

static const struct hue *choose_hues(const struct svg *svg)
{
	const struct tree *tree = svg->profile->tree;

	for (uint32_t i = 1; !svg->diff && i < tree_count(tree); i++)
		if (tree_frame(tree, i)->kind == FRAME_RUBY)
			return ruby_hues;
	return svg->diff ? diff_hues : kind_hues;
}

static void write_legend(struct svg *svg)
{
	const struct hue *hue = choose_hues(svg);
	double x = 0;

	fprintf(svg->out, "<g class=\"legend\" transform=\"translate(%d, 18)\">", WIDTH - EDGE);
	for (; hue->kind; hue++) {
		x -= (double)strlen(hue->word) * CHAR_WIDTH;
		fprintf(svg->out,
		        "<text x=\"%.1f\" y=\"0\">%s</text><g class=\"%s\"><rect x=\"%.1f\" "
		        "y=\"-6\" "
		        "width=\"11\" height=\"11\" rx=\"2\"/></g>",
		        x, hue->word, hue->kind, x - 16);
		x -= 30;
	}
	fputs("</g>\n", svg->out);
}

static void write_svg_head(struct svg *svg)
{
	size_t height = TOP + svg->depth * ROW + 40;

	fprintf(svg->out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pmp\" viewBox=\"0 0 %d %zu\" "
	        "width=\"%d\" "
	        "height=\"%zu\" data-top=\"%d\">\n<style>\n",
	        WIDTH, height, WIDTH, height, TOP);
	fwrite(pmp_flame_graph_css, 1, pmp_flame_graph_css_len, svg->out);
	fputs("</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n", svg->out);
	write_title(svg);
	write_legend(svg);
	fputs("<text class=\"found dim\" x=\"10\" y=\"42\"></text>\n", svg->out);
}

static void write_svg_foot(struct svg *svg)
{
	size_t height = TOP + svg->depth * ROW + 40, hidden = tree_count(svg->tree) - svg->shown;

	fprintf(svg->out, "<text class=\"about\" x=\"10\" y=\"%zu\"></text>\n", height - 18);
	fprintf(svg->out, "<text class=\"bottom dim\" x=\"%d\" y=\"%zu\" text-anchor=\"end\">",
	        WIDTH - EDGE, height - 18);
	if (hidden)
		fprintf(svg->out, "%zu of %zu boxes are too narrow to be shown (below %.3f %%)",
		        hidden, tree_count(svg->tree), 100 * NARROW);
	fputs("</text>\n<script><![CDATA[\n", svg->out);
	fwrite(pmp_flame_graph_js, 1, pmp_flame_graph_js_len, svg->out);
	fputs("]]></script>\n</svg>\n", svg->out);
}

static void write_svg(struct svg *svg)
{
	svg->tree = svg->profile->tree;
	svg->total = tree_node(svg->tree, TREE_ROOT)->total;
	visit_boxes(svg, measure_box);
	write_svg_head(svg);
	visit_boxes(svg, draw_box);
	write_svg_foot(svg);
	free(svg->stack);
	free(svg->depths);
	buf_deinit(&svg->text);
}

bool flame_graph_write(const struct profile *profile, const struct write_options *options,
                       FILE *out, struct error *err)
{
	struct svg svg = {
		.profile = profile,
		.out = out,
		.labels = { options->full_paths, tree_by_line(profile->tree) },
	};

	(void)err;
	write_svg(&svg);
	return true;
}

bool diff_flame_graph_write(const struct profile_diff *diff, const struct write_options *options,
                            FILE *out, struct error *err)
{
	struct svg svg = {
		.profile = diff->joint,
		.diff = diff,
		.out = out,
		.labels = { options->full_paths, tree_by_line(diff->joint->tree) },
		.change_max = HUE_MIN,
	};

	(void)err;
	for (uint32_t i = 1; i < tree_count(diff->joint->tree); i++)
		svg.change_max = fmax(svg.change_max, fabs(diff_change(&diff->nodes[i])));
	write_svg(&svg);
	return true;
}
