#include "merger/formats/profile_document.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"
#include "merger/formats/yaml_schema.h"
#include "merger/formats/yaml_timeline.h"

struct document_walk {
	const struct profile *profile;
	struct document *document;
	struct buf text;
	uint32_t *pieces; /* the nodes whose calls are written as a piece; [0] is the root */
	size_t piece_count, piece_cap;
	uint32_t *numbers; /* by node: its position in the text, from 1 on; NULL: not needed */
	uint32_t node_count;
};

static void emit_string(struct document_walk *walk, uint32_t id)
{
	struct span text = intern_get(walk->profile->intern, id);

	/* All strings of a profile should be clean; this one is not. */
	if (!escape_is_clean(text)) {
		buf_clear(&walk->text);
		escape_add(&walk->text, text);
		text = buf_span(&walk->text);
	}
	document_word(walk->document, DOCUMENT_STRING, text);
}

/* Nothing for an unknown string (id 0). */
static void add_string(struct document_walk *walk, const char *key, uint32_t id)
{
	if (!id)
		return;
	document_key(walk->document, key);
	emit_string(walk, id);
}

/* number / scale, exactly, with no more digits than it needs, but at least `digits` after the
 * point. */
static void add_fixed(struct document_walk *walk, const char *key, uint64_t number, uint64_t scale,
                      int digits)
{
	struct buf *text = &walk->text;
	int width = scale == YAML_MILLI ? 3 : 6;

	buf_clear(text);
	buf_printf(text, "%" PRIu64 ".%0*" PRIu64, number / scale, width, number % scale);
	while (width > digits && text->ptr[text->len - 1] == '0') {
		text->len--;
		width--;
	}
	if (!width)
		text->len--;
	document_add_word(walk->document, key, DOCUMENT_NUMBER, buf_span(text));
}

/* Thousandths. */
static void add_milli(struct document_walk *walk, const char *key, uint64_t number, int digits)
{
	add_fixed(walk, key, number, YAML_MILLI, digits);
}

static void write_target(struct document_walk *walk, const struct profile_target *target)
{
	document_open(walk->document, DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_number(walk->document, "pid", target->pid);
	if (target->arg_count) {
		document_add_open(walk->document, "command", DOCUMENT_LIST, DOCUMENT_LINE);
		for (size_t i = 0; i < target->arg_count; i++)
			emit_string(walk, target->args[i]);
		document_close(walk->document, DOCUMENT_LIST);
	}
	add_string(walk, "executable", target->executable);
	add_string(walk, "python", target->python);
	add_string(walk, "host", target->host);
	document_close(walk->document, DOCUMENT_MAP);
}

static void write_targets(struct document_walk *walk)
{
	const struct profile *profile = walk->profile;

	if (!profile->target_count)
		return;
	if (profile->target_count == 1) {
		document_key(walk->document, "target");
		write_target(walk, profile->targets);
		return;
	}
	document_add_open(walk->document, "targets", DOCUMENT_LIST, DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->target_count; i++)
		write_target(walk, &profile->targets[i]);
	document_close(walk->document, DOCUMENT_LIST);
}

static void write_pause(struct document_walk *walk, const struct profile_pause *pause)
{
	document_add_open(walk->document, "pause_ms", DOCUMENT_MAP, DOCUMENT_LINE);
	add_milli(walk, "first", pause->first, 1);
	add_milli(walk, "median", pause->median, 1);
	add_milli(walk, "p99", pause->p99, 1);
	add_milli(walk, "max", pause->max, 1);
	document_close(walk->document, DOCUMENT_MAP);
}

static void write_sampling(struct document_walk *walk)
{
	const struct profile_sampling *sampling = &walk->profile->sampling;

	if (!sampling->known)
		return;
	document_add_open(walk->document, "sampling", DOCUMENT_MAP, DOCUMENT_WRAPPED);
	add_string(walk, "started", sampling->started);
	document_add_number(walk->document, "asked", sampling->asked);
	document_add_number(walk->document, "taken", sampling->taken);
	document_add_number(walk->document, "late", sampling->late);
	document_add_number(walk->document, "failed", sampling->failed);
	if (sampling->rate_mhz)
		add_milli(walk, "rate_hz", sampling->rate_mhz, 0);
	if (sampling->achieved_mhz)
		add_milli(walk, "achieved_hz", sampling->achieved_mhz, 1);
	if (sampling->elapsed_ms) {
		add_milli(walk, "seconds", sampling->elapsed_ms, 1);
		add_fixed(walk, "stopped_share", sampling->stopped_ppm, YAML_MICRO, 1);
	}
	if (sampling->pause.known)
		write_pause(walk, &sampling->pause);
	document_close(walk->document, DOCUMENT_MAP);
}

static void write_counts(struct document_walk *walk)
{
	const struct profile *profile = walk->profile;

	document_add_open(walk->document, "stacks", DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_number(walk->document, "total", profile_stacks(profile));
	for (size_t i = 0; i < QUALITY_COUNT; i++)
		document_add_number(walk->document, profile_quality_name((enum merge_quality)i),
		                    profile->marks[i]);
	document_add_known(walk->document, "left_out", profile->left_out);
	document_close(walk->document, DOCUMENT_MAP);
	if (!profile->text_lines && !profile->unknown_lines)
		return;
	document_add_open(walk->document, "text", DOCUMENT_MAP, DOCUMENT_LINE);
	document_add_number(walk->document, "lines", profile->text_lines);
	document_add_number(walk->document, "unknown_lines", profile->unknown_lines);
	document_close(walk->document, DOCUMENT_MAP);
}

static void write_threads(struct document_walk *walk)
{
	const struct profile *profile = walk->profile;
	uint32_t only_pid = profile->target_count == 1 ? profile->targets[0].pid : 0;

	if (!profile->thread_count)
		return;
	document_add_open(walk->document, "threads", DOCUMENT_LIST, DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->thread_count; i++) {
		const struct profile_thread *thread = &profile->threads[i];

		document_open(walk->document, DOCUMENT_MAP, DOCUMENT_LINE);
		add_string(walk, "host", thread->host);
		if (thread->pid != only_pid)
			document_add_number(walk->document, "pid", thread->pid);
		document_add_known(walk->document, "tid", thread->tid);
		add_string(walk, "name", thread->name);
		document_add_number(walk->document, "stacks", thread->stacks);
		document_close(walk->document, DOCUMENT_MAP);
	}
	document_close(walk->document, DOCUMENT_LIST);
}

/* The modules that frames name, and the targets' executables. A module without a build id is
 * written only in a sum of runs, where it means: the runs have no common build id. */
static void write_modules(struct document_walk *walk)
{
	const struct profile *profile = walk->profile;
	const struct tree *tree = profile->tree;
	bool any = false, *named;

	if (!profile->module_count)
		return;
	named = alloc_zeroed(intern_count(profile->intern), sizeof(*named));
	for (size_t i = 1; i < tree_count(tree); i++)
		named[tree_frame(tree, (uint32_t)i)->module] = true;
	for (size_t i = 0; i < profile->target_count; i++)
		named[profile->targets[i].executable] = true;
	for (size_t i = 0; i < profile->module_count; i++) {
		const struct profile_module *module = &profile->modules[i];

		if (!named[module->path] || (!module->build_id && profile->runs == 1))
			continue;
		if (!any) {
			document_add_open(walk->document, "modules", DOCUMENT_LIST, DOCUMENT_BLOCK);
		}
		any = true;
		document_open(walk->document, DOCUMENT_MAP, DOCUMENT_LINE);
		add_string(walk, "path", module->path);
		add_string(walk, "build_id", module->build_id);
		document_close(walk->document, DOCUMENT_MAP);
	}
	if (any)
		document_close(walk->document, DOCUMENT_LIST);
	free(named);
}

static void write_notes(struct document_walk *walk)
{
	const struct profile *profile = walk->profile;

	if (!profile->note_count)
		return;
	document_add_open(walk->document, "notes", DOCUMENT_LIST, DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->note_count; i++)
		emit_string(walk, profile->notes[i]);
	document_close(walk->document, DOCUMENT_LIST);
}

/* Large enough for an address. */
struct address_text {
	char text[16];
};

static struct address_text format_address(uint32_t address)
{
	struct address_text ret;

	snprintf(ret.text, sizeof(ret.text), "0x%" PRIx32, address);
	return ret;
}

/* The line of a frame in a tree by line. */
static void add_line(struct document_walk *walk, const struct frame *frame)
{
	if (frame->line && frame_has_addresses(frame))
		document_add_word(walk->document, "address", DOCUMENT_NAME,
		                  span_of(format_address(frame->line).text));
	else
		document_add_known(walk->document, "line", frame->line);
}

static void write_lines(struct document_walk *walk, uint32_t at)
{
	const struct tree *tree = walk->profile->tree;
	bool addresses = frame_has_addresses(tree_frame(tree, at));
	struct tree_line line = tree_line_first(tree, at);

	if (!line.number)
		return;
	document_add_open(walk->document, addresses ? "addresses" : "lines", DOCUMENT_MAP,
	                  DOCUMENT_LINE);
	for (; line.number; line = tree_line_next(tree, &line)) {
		if (addresses)
			document_key(walk->document, format_address(line.number).text);
		else
			document_number_key(walk->document, line.number);
		document_number(walk->document, line.weight);
	}
	document_close(walk->document, DOCUMENT_MAP);
}

/* Opens a node's map and writes all of it except its calls. */
static void open_node(struct document_walk *walk, uint32_t at, enum document_layout layout)
{
	const struct tree_node *node = tree_node(walk->profile->tree, at);
	const struct frame *frame = tree_frame(walk->profile->tree, at);

	if (walk->numbers)
		walk->numbers[at] = ++walk->node_count;
	document_open(walk->document, DOCUMENT_MAP, layout);
	document_key(walk->document, "frame");
	emit_string(walk, frame->name);
	document_add_word(walk->document, "kind", DOCUMENT_NAME,
	                  span_of(profile_kind_name(frame->kind)));
	add_string(walk, "module", frame->module);
	add_string(walk, "file", frame->file);
	document_add_known(walk->document, "first_line", frame->first_line);
	add_line(walk, frame);
	document_add_number(walk->document, "total", node->total);
	document_add_number(walk->document, "self", tree_self(walk->profile->tree, at));
	write_lines(walk, at);
}

/* Writes the calls of `top`. Levels below YAML_PIECE_LEVELS become new pieces. */
static void write_calls(struct document_walk *walk, uint32_t top)
{
	const struct tree *tree = walk->profile->tree;
	uint32_t at = tree_node(tree, top)->first_child;
	size_t level = 1;

	document_open(walk->document, DOCUMENT_LIST,
	              at == TREE_NONE ? DOCUMENT_LINE : DOCUMENT_BLOCK);
	while (at != TREE_NONE && !walk->document->failed) {
		uint32_t child = tree_node(tree, at)->first_child;
		bool deeper = child != TREE_NONE && level < YAML_PIECE_LEVELS;

		open_node(walk, at, deeper ? DOCUMENT_BLOCK : DOCUMENT_LINE);
		if (deeper) {
			document_add_open(walk->document, "calls", DOCUMENT_LIST, DOCUMENT_BLOCK);
			level++;
			at = child;
			continue;
		}
		if (child != TREE_NONE) {
			document_add_number(walk->document, "continues", walk->piece_count);
			walk->pieces = alloc_grow(walk->pieces, &walk->piece_cap,
			                          walk->piece_count + 1, sizeof(*walk->pieces));
			walk->pieces[walk->piece_count++] = at;
		}
		document_close(walk->document, DOCUMENT_MAP);
		while (tree_node(tree, at)->next_sibling == TREE_NONE && level > 1) {
			document_close(walk->document, DOCUMENT_LIST);
			document_close(walk->document, DOCUMENT_MAP);
			level--;
			at = tree_node(tree, at)->parent;
		}
		at = tree_node(tree, at)->next_sibling;
	}
	document_close(walk->document, DOCUMENT_LIST);
}

static void write_tree(struct document_walk *walk)
{
	walk->pieces = alloc_grow(NULL, &walk->piece_cap, 1, sizeof(*walk->pieces));
	walk->pieces[walk->piece_count++] = TREE_ROOT;
	document_key(walk->document, "tree");
	write_calls(walk, TREE_ROOT);
	for (size_t i = 1; i < walk->piece_count && !walk->document->failed; i++) {
		if (i == 1) {
			document_add_open(walk->document, "continued", DOCUMENT_LIST,
			                  DOCUMENT_BLOCK);
		}
		document_open(walk->document, DOCUMENT_MAP, DOCUMENT_BLOCK);
		document_add_number(walk->document, "piece", i);
		document_key(walk->document, "calls");
		write_calls(walk, walk->pieces[i]);
		document_close(walk->document, DOCUMENT_MAP);
	}
	if (walk->piece_count > 1)
		document_close(walk->document, DOCUMENT_LIST);
}

/* Comes after the tree: write_tree numbers the nodes. */
static void write_timeline(struct document_walk *walk)
{
	struct yaml_timeline_texts texts = { .profile = walk->profile, .nodes = walk->numbers };

	if (!walk->profile->timeline)
		return;
	document_add_open(walk->document, "timeline", DOCUMENT_MAP, DOCUMENT_BLOCK);
	while (yaml_timeline_list(&texts)) {
		document_add_open(walk->document, texts.key, DOCUMENT_LIST, DOCUMENT_BLOCK);
		while (!walk->document->failed && yaml_timeline_text(&texts, &walk->text))
			document_word(walk->document, DOCUMENT_NAME, buf_span(&walk->text));
		document_close(walk->document, DOCUMENT_LIST);
	}
	document_close(walk->document, DOCUMENT_MAP);
	yaml_timeline_texts_deinit(&texts);
}

/* Readers of version 1 refuse nodes of this kind. They are at the top of the tree. */
static bool has_hosts(const struct profile *profile)
{
	uint32_t first = tree_node(profile->tree, TREE_ROOT)->first_child;

	return first != TREE_NONE && tree_frame(profile->tree, first)->kind == FRAME_HOST;
}

void profile_document_write(struct document *document, const struct profile *profile)
{
	struct document_walk walk = { .profile = profile, .document = document };
	bool by_cpu = profile->weight == PROFILE_CPU_US;

	if (profile->timeline)
		walk.numbers = alloc_zeroed(tree_count(profile->tree), sizeof(*walk.numbers));
	document_open(walk.document, DOCUMENT_MAP, DOCUMENT_BLOCK);
	document_add_number(walk.document, "pmp-profile",
	                    by_cpu || profile->left_out || has_hosts(profile) ? PROFILE_VERSION
	                                                                      : 1);
	if (by_cpu) {
		document_add_word(walk.document, "weight", DOCUMENT_NAME, SPAN_LIT("cpu_us"));
	}
	if (profile->runs != 1)
		document_add_number(walk.document, "runs", profile->runs);
	if (tree_by_line(profile->tree)) {
		document_add_word(walk.document, "by_line", DOCUMENT_NUMBER, SPAN_LIT("true"));
	}
	write_targets(&walk);
	write_sampling(&walk);
	write_counts(&walk);
	write_threads(&walk);
	write_modules(&walk);
	write_notes(&walk);
	write_tree(&walk);
	write_timeline(&walk);
	document_close(walk.document, DOCUMENT_MAP);
	buf_deinit(&walk.text);
	free(walk.pieces);
	free(walk.numbers);
}
