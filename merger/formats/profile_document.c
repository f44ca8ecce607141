#include "merger/formats/profile_document.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"
#include "merger/formats/yaml_schema.h"
#include "merger/formats/yaml_timeline.h"

struct walk {
	const struct profile *profile;
	struct profile_document *document;
	struct buf text;
	uint32_t *pieces; /* the nodes whose calls stand in a piece of their own; [0] is the root */
	size_t piece_count, piece_cap;
	uint32_t *numbers; /* of the nodes, as they are written; NULL: nobody asks */
	uint32_t node_count;
};

static void map_open(struct walk *walk, enum profile_document_layout layout)
{
	walk->document->ops->open(walk->document, PROFILE_DOCUMENT_MAP, layout);
}

static void map_close(struct walk *walk)
{
	walk->document->ops->close(walk->document, PROFILE_DOCUMENT_MAP);
}

static void list_open(struct walk *walk, enum profile_document_layout layout)
{
	walk->document->ops->open(walk->document, PROFILE_DOCUMENT_LIST, layout);
}

static void list_close(struct walk *walk)
{
	walk->document->ops->close(walk->document, PROFILE_DOCUMENT_LIST);
}

static void key_emit(struct walk *walk, const char *key)
{
	walk->document->ops->key(walk->document, span_of(key));
}

static void word_emit(struct walk *walk, enum profile_document_word kind, struct span text)
{
	walk->document->ops->word(walk->document, kind, text);
}

static void string_emit(struct walk *walk, uint32_t id)
{
	struct span text = intern_get(walk->profile->intern, id);

	/* nothing unclean should be in a profile, but if it is ... */
	if (!escape_is_clean(text)) {
		buf_clear(&walk->text);
		escape_add(&walk->text, text);
		text = buf_span(&walk->text);
	}
	word_emit(walk, PROFILE_DOCUMENT_STRING, text);
}

/* The digits of a number, in the last bytes of `digits`. */
static struct span decimal(uint64_t number, char digits[20])
{
	size_t at = 20;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	return (struct span){ digits + at, 20 - at };
}

static void number_emit(struct walk *walk, uint64_t number)
{
	char digits[20];

	word_emit(walk, PROFILE_DOCUMENT_NUMBER, decimal(number, digits));
}

/* number / scale, exactly, with no more digits than it needs, but at least `digits` behind the point. */
static void fixed_emit(struct walk *walk, uint64_t number, uint64_t scale, int digits)
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
	word_emit(walk, PROFILE_DOCUMENT_NUMBER, buf_span(text));
}

static void number_pair(struct walk *walk, const char *key, uint64_t number)
{
	key_emit(walk, key);
	number_emit(walk, number);
}

/* A pair is left out where its value is not known. */
static void string_pair(struct walk *walk, const char *key, uint32_t id)
{
	if (!id)
		return;
	key_emit(walk, key);
	string_emit(walk, id);
}

static void known_pair(struct walk *walk, const char *key, uint64_t number)
{
	if (number)
		number_pair(walk, key, number);
}

static void fixed_pair(struct walk *walk, const char *key, uint64_t number, int digits)
{
	key_emit(walk, key);
	fixed_emit(walk, number, YAML_MILLI, digits);
}

static void target_write(struct walk *walk, const struct profile_target *target)
{
	map_open(walk, PROFILE_DOCUMENT_LINE);
	number_pair(walk, "pid", target->pid);
	if (target->arg_count) {
		key_emit(walk, "command");
		list_open(walk, PROFILE_DOCUMENT_LINE);
		for (size_t i = 0; i < target->arg_count; i++)
			string_emit(walk, target->args[i]);
		list_close(walk);
	}
	string_pair(walk, "executable", target->executable);
	string_pair(walk, "python", target->python);
	string_pair(walk, "host", target->host);
	map_close(walk);
}

static void targets_write(struct walk *walk)
{
	const struct profile *profile = walk->profile;

	if (!profile->target_count)
		return;
	if (profile->target_count == 1) {
		key_emit(walk, "target");
		target_write(walk, profile->targets);
		return;
	}
	key_emit(walk, "targets");
	list_open(walk, PROFILE_DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->target_count; i++)
		target_write(walk, &profile->targets[i]);
	list_close(walk);
}

static void pause_write(struct walk *walk, const struct profile_pause *pause)
{
	key_emit(walk, "pause_ms");
	map_open(walk, PROFILE_DOCUMENT_LINE);
	fixed_pair(walk, "first", pause->first, 1);
	fixed_pair(walk, "median", pause->median, 1);
	fixed_pair(walk, "p99", pause->p99, 1);
	fixed_pair(walk, "max", pause->max, 1);
	map_close(walk);
}

static void sampling_write(struct walk *walk)
{
	const struct profile_sampling *sampling = &walk->profile->sampling;

	if (!sampling->known)
		return;
	key_emit(walk, "sampling");
	map_open(walk, PROFILE_DOCUMENT_WRAPPED);
	string_pair(walk, "started", sampling->started);
	number_pair(walk, "asked", sampling->asked);
	number_pair(walk, "taken", sampling->taken);
	number_pair(walk, "late", sampling->late);
	number_pair(walk, "failed", sampling->failed);
	if (sampling->rate_mhz)
		fixed_pair(walk, "rate_hz", sampling->rate_mhz, 0);
	if (sampling->achieved_mhz)
		fixed_pair(walk, "achieved_hz", sampling->achieved_mhz, 1);
	if (sampling->elapsed_ms) {
		fixed_pair(walk, "seconds", sampling->elapsed_ms, 1);
		key_emit(walk, "stopped_share");
		fixed_emit(walk, sampling->stopped_ppm, YAML_MICRO, 1);
	}
	if (sampling->pause.known)
		pause_write(walk, &sampling->pause);
	map_close(walk);
}

static void counts_write(struct walk *walk)
{
	const struct profile *profile = walk->profile;

	key_emit(walk, "stacks");
	map_open(walk, PROFILE_DOCUMENT_LINE);
	number_pair(walk, "total", profile_stacks(profile));
	for (size_t i = 0; i < QUALITY_COUNT; i++)
		number_pair(walk, profile_quality_name((enum merge_quality)i), profile->marks[i]);
	known_pair(walk, "left_out", profile->left_out);
	map_close(walk);
	if (!profile->text_lines && !profile->unknown_lines)
		return;
	key_emit(walk, "text");
	map_open(walk, PROFILE_DOCUMENT_LINE);
	number_pair(walk, "lines", profile->text_lines);
	number_pair(walk, "unknown_lines", profile->unknown_lines);
	map_close(walk);
}

static void threads_write(struct walk *walk)
{
	const struct profile *profile = walk->profile;
	uint32_t only_pid = profile->target_count == 1 ? profile->targets[0].pid : 0;

	if (!profile->thread_count)
		return;
	key_emit(walk, "threads");
	list_open(walk, PROFILE_DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->thread_count; i++) {
		const struct profile_thread *thread = &profile->threads[i];

		map_open(walk, PROFILE_DOCUMENT_LINE);
		string_pair(walk, "host", thread->host);
		if (thread->pid != only_pid)
			number_pair(walk, "pid", thread->pid);
		known_pair(walk, "tid", thread->tid);
		string_pair(walk, "name", thread->name);
		number_pair(walk, "stacks", thread->stacks);
		map_close(walk);
	}
	list_close(walk);
}

/* Those that frames name, and the programs. In a sum one without a build id is said to have none that's the same everywhere. */
static void modules_write(struct walk *walk)
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
			key_emit(walk, "modules");
			list_open(walk, PROFILE_DOCUMENT_BLOCK);
		}
		any = true;
		map_open(walk, PROFILE_DOCUMENT_LINE);
		string_pair(walk, "path", module->path);
		string_pair(walk, "build_id", module->build_id);
		map_close(walk);
	}
	if (any)
		list_close(walk);
	free(named);
}

static void notes_write(struct walk *walk)
{
	const struct profile *profile = walk->profile;

	if (!profile->note_count)
		return;
	key_emit(walk, "notes");
	list_open(walk, PROFILE_DOCUMENT_BLOCK);
	for (size_t i = 0; i < profile->note_count; i++)
		string_emit(walk, profile->notes[i]);
	list_close(walk);
}

static void lines_write(struct walk *walk, uint32_t at)
{
	const struct tree *tree = walk->profile->tree;

	struct tree_line line = tree_line_first(tree, at);

	if (!line.number)
		return;
	key_emit(walk, "lines");
	map_open(walk, PROFILE_DOCUMENT_LINE);
	for (; line.number; line = tree_line_next(tree, &line)) {
		char digits[20];

		walk->document->ops->key(walk->document, decimal(line.number, digits));
		number_emit(walk, line.weight);
	}
	map_close(walk);
}

/* Opens a node's mapping and writes all of it but its calls. */
static void node_open(struct walk *walk, uint32_t at, enum profile_document_layout layout)
{
	const struct tree_node *node = tree_node(walk->profile->tree, at);
	const struct frame *frame = tree_frame(walk->profile->tree, at);

	if (walk->numbers)
		walk->numbers[at] = ++walk->node_count;
	map_open(walk, layout);
	key_emit(walk, "frame");
	string_emit(walk, frame->name);
	key_emit(walk, "kind");
	word_emit(walk, PROFILE_DOCUMENT_NAME, span_of(profile_kind_name(frame->kind)));
	string_pair(walk, "module", frame->module);
	string_pair(walk, "file", frame->file);
	known_pair(walk, "first_line", frame->first_line);
	known_pair(walk, "line", frame->line);
	number_pair(walk, "total", node->total);
	number_pair(walk, "self", tree_self(walk->profile->tree, at));
	lines_write(walk, at);
}

/* Writes the calls of `top`; what is too deep gets a piece of its own. */
static void calls_write(struct walk *walk, uint32_t top)
{
	const struct tree *tree = walk->profile->tree;
	uint32_t at = tree_node(tree, top)->first_child;
	size_t level = 1;

	list_open(walk, at == TREE_NONE ? PROFILE_DOCUMENT_LINE : PROFILE_DOCUMENT_BLOCK);
	while (at != TREE_NONE && !walk->document->failed) {
		uint32_t child = tree_node(tree, at)->first_child;
		bool deeper = child != TREE_NONE && level < YAML_PIECE_LEVELS;

		node_open(walk, at, deeper ? PROFILE_DOCUMENT_BLOCK : PROFILE_DOCUMENT_LINE);
		if (deeper) {
			key_emit(walk, "calls");
			list_open(walk, PROFILE_DOCUMENT_BLOCK);
			level++;
			at = child;
			continue;
		}
		if (child != TREE_NONE) {
			number_pair(walk, "continues", walk->piece_count);
			walk->pieces = alloc_grow(walk->pieces, &walk->piece_cap,
			                          walk->piece_count + 1, sizeof(*walk->pieces));
			walk->pieces[walk->piece_count++] = at;
		}
		map_close(walk);
		while (tree_node(tree, at)->next_sibling == TREE_NONE && level > 1) {
			list_close(walk);
			map_close(walk);
			level--;
			at = tree_node(tree, at)->parent;
		}
		at = tree_node(tree, at)->next_sibling;
	}
	list_close(walk);
}

static void tree_write(struct walk *walk)
{
	walk->pieces = alloc_grow(NULL, &walk->piece_cap, 1, sizeof(*walk->pieces));
	walk->pieces[walk->piece_count++] = TREE_ROOT;
	key_emit(walk, "tree");
	calls_write(walk, TREE_ROOT);
	for (size_t i = 1; i < walk->piece_count && !walk->document->failed; i++) {
		if (i == 1) {
			key_emit(walk, "continued");
			list_open(walk, PROFILE_DOCUMENT_BLOCK);
		}
		map_open(walk, PROFILE_DOCUMENT_BLOCK);
		number_pair(walk, "piece", i);
		key_emit(walk, "calls");
		calls_write(walk, walk->pieces[i]);
		map_close(walk);
	}
	if (walk->piece_count > 1)
		list_close(walk);
}

/* Behind the tree, whose nodes have their numbers then. */
static void timeline_write(struct walk *walk)
{
	struct yaml_timeline_texts texts = { .profile = walk->profile, .nodes = walk->numbers };

	if (!walk->profile->timeline)
		return;
	key_emit(walk, "timeline");
	map_open(walk, PROFILE_DOCUMENT_BLOCK);
	while (yaml_timeline_list(&texts)) {
		key_emit(walk, texts.key);
		list_open(walk, PROFILE_DOCUMENT_BLOCK);
		while (!walk->document->failed && yaml_timeline_text(&texts, &walk->text))
			word_emit(walk, PROFILE_DOCUMENT_NAME, buf_span(&walk->text));
		list_close(walk);
	}
	map_close(walk);
	yaml_timeline_texts_deinit(&texts);
}

/* A kind of node that readers of version 1 refuse. It is at the top, if it's there. */
static bool has_hosts(const struct profile *profile)
{
	uint32_t first = tree_node(profile->tree, TREE_ROOT)->first_child;

	return first != TREE_NONE && tree_frame(profile->tree, first)->kind == FRAME_HOST;
}

void profile_document_write(struct profile_document *document, const struct profile *profile)
{
	struct walk walk = { .profile = profile, .document = document };
	bool by_cpu = profile->weight == PROFILE_CPU_US;

	if (profile->timeline)
		walk.numbers = alloc_zeroed(tree_count(profile->tree), sizeof(*walk.numbers));
	map_open(&walk, PROFILE_DOCUMENT_BLOCK);
	number_pair(&walk, "pmp-profile",
	            by_cpu || profile->left_out || has_hosts(profile) ? PROFILE_VERSION : 1);
	if (by_cpu) {
		key_emit(&walk, "weight");
		word_emit(&walk, PROFILE_DOCUMENT_NAME, SPAN_LIT("cpu_us"));
	}
	if (profile->runs != 1)
		number_pair(&walk, "runs", profile->runs);
	if (tree_by_line(profile->tree)) {
		key_emit(&walk, "by_line");
		word_emit(&walk, PROFILE_DOCUMENT_NUMBER, SPAN_LIT("true"));
	}
	targets_write(&walk);
	sampling_write(&walk);
	counts_write(&walk);
	threads_write(&walk);
	modules_write(&walk);
	notes_write(&walk);
	tree_write(&walk);
	timeline_write(&walk);
	map_close(&walk);
	buf_deinit(&walk.text);
	free(walk.pieces);
	free(walk.numbers);
}
