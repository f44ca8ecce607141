/* collapsed: collapsed stacks, the input of flamegraph.pl: one line for each stack,
 * "label;label;label 12", root first. The weight is the leaf's self weight.
 *
 * Stacks with equal labels are one line, for example if functions differ only in the folder of
 * their file. The lines are sorted as a tree of labels: heaviest branch first, then by name. So
 * equal profiles have equal text, and a file that is read and written again does not change. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/label.h"

/* Bytes of nodes that are fetched ahead. */
#define FETCHED 1024

/* "# f 12" would be read as a comment, and its weight would be lost. */
static void escape_comment(struct buf *label)
{
	static const char escaped[] = "\\x23";

	if (label->ptr[0] != '#' || (label->len > 1 && label->ptr[1] != ' '))
		return;
	buf_add(label, escaped, sizeof(escaped) - 2);
	memmove(label->ptr + sizeof(escaped) - 1, label->ptr + 1, label->len - sizeof(escaped) + 1);
	memcpy(label->ptr, escaped, sizeof(escaped) - 1);
}

/* A node that has to be written. Siblings with equal labels are one branch: they stand side by
 * side. */
struct branch_node {
	uint32_t node, label; /* label: intern id */
	size_t depth;
	uint64_t total; /* of the branch */
};

struct collapsed_writer {
	const struct profile *profile;
	const struct label_options *label_options;
	FILE *out;
	struct intern *intern; /* of the labels */
	uint32_t *known;       /* by frame: intern id of its label; 0: not made yet */
	struct buf text;
	struct branch_node *nodes; /* a stack: the last one is written next */
	size_t count, cap;
	struct buf path; /* the labels above the node, root first */
	size_t *ends;    /* ends[d]: length of the part of path down to depth d */
	size_t ends_cap;
};

static uint32_t make_label(struct collapsed_writer *writer, uint32_t at)
{
	const struct tree *tree = writer->profile->tree;
	const struct tree_node *node = tree_node(tree, at);
	uint32_t *known = &writer->known[node->frame];
	uint32_t id = *known;

	if (id && node->parent != TREE_ROOT)
		return id;
	buf_clear(&writer->text);
	label_add(&writer->text, writer->profile->intern, tree_frame(tree, at),
	          writer->label_options);
	if (node->parent == TREE_ROOT)
		escape_comment(&writer->text);
	/* cuts a long label now, as reading it would */
	id = intern_add_clean(writer->intern, buf_span(&writer->text));
	if (node->parent != TREE_ROOT)
		*known = id;
	return id;
}

static int compare_labels(const void *a, const void *b)
{
	const struct branch_node *left = a, *right = b;

	return number_order(left->label, right->label);
}

static int compare_branches(const void *a, const void *b, void *intern)
{
	const struct branch_node *left = a, *right = b;
	int order = number_order(right->total, left->total);

	return order ? order : intern_compare(intern, left->label, right->label);
}

/* Labels that are new to the table have rising ids, so they differ. */
static bool is_in_order(const struct collapsed_writer *writer, const struct branch_node *nodes,
                        size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (nodes[i - 1].label >= nodes[i].label ||
		    compare_branches(&nodes[i - 1], &nodes[i], writer->intern) > 0)
			return false;
	return true;
}

/* Makes branches of siblings, the first one last. */
static void order_branches(struct collapsed_writer *writer, struct branch_node *nodes, size_t count)
{
	if (!is_in_order(writer, nodes, count)) {
		qsort(nodes, count, sizeof(*nodes), compare_labels);
		for (size_t i = 1; i < count; i++)
			if (nodes[i].label == nodes[i - 1].label)
				nodes[i].total += nodes[i - 1].total;
		for (size_t i = count - 1; i > 0; i--)
			if (nodes[i].label == nodes[i - 1].label)
				nodes[i - 1].total = nodes[i].total;
		qsort_r(nodes, count, sizeof(*nodes), compare_branches, writer->intern);
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct branch_node node = nodes[i];

		nodes[i] = nodes[count - 1 - i];
		nodes[count - 1 - i] = node;
	}
}

/* Adds the children of a node to those that have to be written; returns their weight. */
static uint64_t add_children(struct collapsed_writer *writer, uint32_t parent, size_t depth)
{
	const struct tree *tree = writer->profile->tree;
	uint64_t total = 0;

	for (uint32_t i = tree_node(tree, parent)->first_child; i != TREE_NONE;
	     i = tree_node(tree, i)->next_sibling) {
		writer->nodes = alloc_grow(writer->nodes, &writer->cap, writer->count + 1,
		                           sizeof(*writer->nodes));
		writer->nodes[writer->count++] = (struct branch_node){
			.node = i,
			.label = make_label(writer, i),
			.depth = depth,
			.total = tree_node(tree, i)->total,
		};
		total += tree_node(tree, i)->total;
	}
	return total;
}

static void add_to_path(struct collapsed_writer *writer, const struct branch_node *branch)
{
	writer->ends = alloc_grow(writer->ends, &writer->ends_cap, branch->depth + 1,
	                          sizeof(*writer->ends));
	writer->path.len = branch->depth ? writer->ends[branch->depth - 1] : 0;
	if (branch->depth)
		buf_add(&writer->path, ";", 1);
	buf_add_span(&writer->path, intern_get(writer->intern, branch->label));
	writer->ends[branch->depth] = writer->path.len;
}

/* The next branch may be anywhere in memory. What is below it often has the nodes after it. */
static void fetch_branch(const struct collapsed_writer *writer, uint32_t node)
{
	const char *at = (const char *)tree_node(writer->profile->tree, node);

	for (size_t i = 0; i < FETCHED; i += 64)
		__builtin_prefetch(at + i);
}

/* Writes the line of the next branch, and puts its children in its place. */
static void write_branch(struct collapsed_writer *writer)
{
	const size_t end = writer->count;
	const struct branch_node branch = writer->nodes[end - 1];
	size_t first = end;
	uint64_t self = branch.total;

	while (first && writer->nodes[first - 1].depth == branch.depth &&
	       writer->nodes[first - 1].label == branch.label)
		self -= add_children(writer, writer->nodes[--first].node, branch.depth + 1);
	if (first && writer->nodes[first - 1].depth == branch.depth)
		fetch_branch(writer, writer->nodes[first - 1].node);
	order_branches(writer, writer->nodes + end, writer->count - end);
	memmove(writer->nodes + first, writer->nodes + end,
	        (writer->count - end) * sizeof(*writer->nodes));
	writer->count -= end - first;
	add_to_path(writer, &branch);
	if (!self)
		return;
	fwrite(writer->path.ptr, 1, writer->path.len, writer->out);
	fprintf(writer->out, " %" PRIu64 "\n", self);
}

bool collapsed_write(const struct profile *profile, const struct write_options *options, FILE *out,
                     struct error *err)
{
	const struct label_options label_options = { options->full_paths,
		                                     tree_by_line(profile->tree) };
	struct collapsed_writer writer = {
		.profile = profile,
		.label_options = &label_options,
		.out = out,
		.intern = intern_create(),
		.known = alloc_zeroed(tree_count(profile->tree), sizeof(*writer.known)),
	};

	(void)err; /* a write error shows in ferror(out) */
	add_children(&writer, TREE_ROOT, 0);
	order_branches(&writer, writer.nodes, writer.count);
	while (writer.count && !ferror(out))
		write_branch(&writer);
	intern_destroy(writer.intern);
	free(writer.known);
	free(writer.nodes);
	free(writer.ends);
	buf_deinit(&writer.text);
	buf_deinit(&writer.path);
	return true;
}

/* Takes a line without the blanks, or the carriage return, at its end; false: none is left. */
static bool take_line(struct span *text, struct span *line)
{
	if (!span_take_line(text, line))
		return false;
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	while (line->len && (line->ptr[line->len - 1] == ' ' || line->ptr[line->len - 1] == '\t'))
		line->len--;
	return true;
}

/* Takes the weight, the last word, off the line. Returns NULL, or the reason for an error. */
static const char *take_weight(struct span *line, uint64_t *ret)
{
	size_t at = line->len;

	while (at && number_is_digit(line->ptr[at - 1]))
		at--;
	if (at == line->len)
		return "no weight: a line ends in a blank and a whole number";
	if (at < 2)
		return "no stack in front of the weight";
	if (line->ptr[at - 1] != ' ' && line->ptr[at - 1] != '\t')
		return "the weight is not a whole number behind a blank";
	*ret = 0;
	for (size_t i = at; i < line->len; i++)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)(line->ptr[i] - '0'), ret))
			return "the weight is too large";
	line->len = at - 1; /* further blanks belong to the label */
	return NULL;
}

/* True for blank lines and for comments that stackcollapse scripts write. "#f;g 12" is a stack,
 * and "#0 main ()" is text of gdb. */
static bool is_empty_line(struct span line)
{
	uint64_t weight;

	if (!line.len || line.ptr[0] != '#')
		return !line.len;
	if (line.len == 1 || line.ptr[1] == ' ')
		return true;
	return !number_is_digit(line.ptr[1]) && take_weight(&line, &weight);
}

struct collapsed_reader {
	struct profile *profile;
	struct frame *frames;
	size_t *ends; /* by frame: where its label ends in `last` */
	size_t count, cap, ends_cap;
	struct span last; /* the previous line, without its weight */
	uint64_t total;
};

static size_t measure_common(struct span a, struct span b)
{
	size_t max = a.len < b.len ? a.len : b.len, len = 0;

	while (len + 8 <= max && !memcmp(a.ptr + len, b.ptr + len, 8))
		len += 8;
	while (len < max && a.ptr[len] == b.ptr[len])
		len++;
	return len;
}

/* Keeps the frames that the line shares with the previous one: most of them, because lines are
 * sorted. */
static void keep_frames(struct collapsed_reader *reader, struct span line)
{
	size_t common = measure_common(reader->last, line), kept = 0;

	/* The label's ';' must be in both lines. */
	while (kept < reader->count && reader->ends[kept] < common)
		kept++;
	reader->count = kept;
	reader->last = line;
}

static void add_frame(struct collapsed_reader *reader, struct span label, size_t end)
{
	size_t at = reader->count++;

	reader->frames = alloc_grow(reader->frames, &reader->cap, at + 1, sizeof(*reader->frames));
	reader->ends = alloc_grow(reader->ends, &reader->ends_cap, at + 1, sizeof(*reader->ends));
	reader->ends[at] = end;
	reader->frames[at] = label_frame(reader->profile->intern, label);
}

static void read_frames(struct collapsed_reader *reader, struct span line)
{
	size_t from;

	keep_frames(reader, line);
	from = reader->count ? reader->ends[reader->count - 1] + 1 : 0;
	do {
		struct span rest = span_skip(line, from);
		const char *end = memchr(rest.ptr, ';', rest.len);
		struct span label = { rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len };

		add_frame(reader, label, from + label.len);
		from += label.len + 1;
	} while (from < line.len);
}

static enum merge_quality find_quality(const struct collapsed_reader *reader)
{
	bool python = false, native = false;

	for (size_t i = 0; i < reader->count; i++) {
		python |= frame_is_script(reader->frames[i].kind);
		native |= reader->frames[i].kind == FRAME_NATIVE;
	}
	if (!python)
		return QUALITY_NATIVE_ONLY;
	return native ? QUALITY_MERGED : QUALITY_PYTHON_ONLY;
}

static const char *read_line(struct collapsed_reader *reader, struct span line)
{
	uint64_t weight;
	const char *reason = take_weight(&line, &weight);

	if (!reason && __builtin_add_overflow(reader->total, weight, &reader->total))
		reason = "the weights add up to too much";
	if (reason || !weight)
		return reason;
	read_frames(reader, line);
	tree_add(reader->profile->tree, reader->frames, reader->count, weight);
	reader->profile->marks[find_quality(reader)] += weight;
	return NULL;
}

struct profile *collapsed_read(struct span text, const char *name, struct error *err)
{
	struct profile *profile = profile_create(false);
	struct collapsed_reader reader = { .profile = profile };
	const char *reason = NULL;
	struct span line;
	size_t number = 0;

	span_take(&text, SPAN_BOM);
	while (!reason && take_line(&text, &line)) {
		number++;
		if (!is_empty_line(line))
			reason = read_line(&reader, line);
	}
	free(reader.frames);
	free(reader.ends);
	if (reason) {
		error_set(err, ERROR_INPUT, "%s:%zu: %s", name, number, reason);
		profile_destroy(profile);
		return NULL;
	}
	profile_sort(profile);
	return profile;
}

bool collapsed_detect(struct span text)
{
	struct span line;
	uint64_t weight;

	while (take_line(&text, &line))
		if (!is_empty_line(line))
			return take_weight(&line, &weight) == NULL;
	return true; /* a file without any stack is an empty profile */
}
