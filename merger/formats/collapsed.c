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

struct label_tree {
	struct intern *intern;
	struct tree *tree;
};

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

/* Makes the labels of the profile's frames. */
struct labelling {
	const struct profile *profile;
	const struct label_options *label_options;
	struct intern *intern;
	uint32_t *known; /* by frame: intern id of its label; 0: not made yet */
	struct buf text;
};

static uint32_t make_label(struct labelling *labelling, uint32_t at)
{
	const struct tree *tree = labelling->profile->tree;
	const struct tree_node *node = tree_node(tree, at);
	uint32_t *known = &labelling->known[node->frame];
	uint32_t id = *known;

	if (id && node->parent != TREE_ROOT)
		return id;
	buf_clear(&labelling->text);
	label_add(&labelling->text, labelling->profile->intern, tree_frame(tree, at),
	          labelling->label_options);
	if (node->parent == TREE_ROOT)
		escape_comment(&labelling->text);
	/* cuts a long label now, as reading it would */
	id = intern_add_clean(labelling->intern, buf_span(&labelling->text));
	if (node->parent != TREE_ROOT)
		*known = id;
	return id;
}

static void init_label_tree(struct label_tree *ret, const struct profile *profile,
                            const struct label_options *label_options)
{
	const struct tree *from = profile->tree;
	uint32_t *places = alloc_zeroed(tree_count(from), sizeof(*places));
	struct labelling labelling = {
		.profile = profile,
		.label_options = label_options,
		.intern = intern_create(),
		.known = alloc_zeroed(tree_count(from), sizeof(*labelling.known)),
	};

	ret->intern = labelling.intern;
	ret->tree = tree_create(true);
	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(from, i, NULL)) {
		const struct tree_node *node = tree_node(from, i);

		if (i != TREE_ROOT) {
			struct frame frame = { .name = make_label(&labelling, i) };

			places[i] = tree_child(ret->tree, places[node->parent], &frame);
		}
		tree_weigh(ret->tree, places[i], 0, node->total);
	}
	tree_sort(ret->tree, ret->intern);
	buf_deinit(&labelling.text);
	free(labelling.known);
	free(places);
}

static void deinit_label_tree(struct label_tree *labels)
{
	tree_destroy(labels->tree);
	intern_destroy(labels->intern);
}

bool collapsed_write(const struct profile *profile, const struct write_options *options, FILE *out,
                     struct error *err)
{
	const struct label_options label_options = { options->full_paths,
		                                     tree_by_line(profile->tree) };
	struct label_tree labels;
	struct buf path = { 0 };
	size_t *ends = NULL; /* ends[d]: length of the part of path above depth d */
	size_t depth = 0, cap = 0;

	(void)err; /* a write error shows in ferror(out) */
	init_label_tree(&labels, profile, &label_options);
	for (uint32_t i = tree_next(labels.tree, TREE_ROOT, &depth); i != TREE_NONE && !ferror(out);
	     i = tree_next(labels.tree, i, &depth)) {
		uint64_t self = tree_self(labels.tree, i);

		ends = alloc_grow(ends, &cap, depth + 1, sizeof(*ends));
		path.len = depth > 1 ? ends[depth - 1] : 0;
		if (depth > 1)
			buf_add(&path, ";", 1);
		buf_add_span(&path, intern_get(labels.intern, tree_frame(labels.tree, i)->name));
		ends[depth] = path.len;
		if (!self)
			continue;
		fwrite(path.ptr, 1, path.len, out);
		fprintf(out, " %" PRIu64 "\n", self);
	}
	free(ends);
	buf_deinit(&path);
	deinit_label_tree(&labels);
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
