#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <yaml.h>

#include "alloc.h"
#include "escape.h"
#include "yaml_schema.h"
#include "yaml_timeline.h"

#define WRAP_COLUMNS 90 /* of the one flow mapping that is too long for a line */

struct yaml_writer {
	yaml_emitter_t emitter;
	const struct profile *profile;
	FILE *out;
	bool failed; /* nothing is written any more */
	struct buf text;
	uint32_t *pieces; /* the nodes whose calls stand in a piece of their own; [0] is the root */
	size_t piece_count, piece_cap;
	uint32_t *numbers; /* of the nodes, as they are written; NULL: nobody asks */
	uint32_t node_count;
};

static int bytes_write(void *ctx, unsigned char *bytes, size_t len)
{
	struct yaml_writer *writer = ctx;

	return fwrite(bytes, 1, len, writer->out) == len;
}

/* Takes the event; `made` is what its initialiser returned. */
static void emit(struct yaml_writer *writer, yaml_event_t *event, int made)
{
	if (made && writer->failed)
		yaml_event_delete(event);
	else if (!made || !yaml_emitter_emit(&writer->emitter, event))
		writer->failed = true;
}

static void map_open(struct yaml_writer *writer, bool flow)
{
	yaml_event_t event;

	emit(writer, &event,
	     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
	                                         flow ? YAML_FLOW_MAPPING_STYLE
	                                              : YAML_BLOCK_MAPPING_STYLE));
}

static void map_close(struct yaml_writer *writer)
{
	yaml_event_t event;

	emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

static void list_open(struct yaml_writer *writer, bool flow)
{
	yaml_event_t event;

	emit(writer, &event,
	     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
	                                          flow ? YAML_FLOW_SEQUENCE_STYLE
	                                               : YAML_BLOCK_SEQUENCE_STYLE));
}

static void list_close(struct yaml_writer *writer)
{
	yaml_event_t event;

	emit(writer, &event, yaml_sequence_end_event_initialize(&event));
}

static int scalar_make(yaml_event_t *event, struct span text, yaml_scalar_style_t style)
{
	return yaml_scalar_event_initialize(event, NULL, NULL, (const yaml_char_t *)text.ptr,
	                                    (int)text.len, 1, 1, style);
}

/* A word that stands for itself: a key, a number. */
static void word_emit(struct yaml_writer *writer, struct span text)
{
	yaml_event_t event;

	emit(writer, &event, scalar_make(&event, text, YAML_PLAIN_SCALAR_STYLE));
}

static void key_emit(struct yaml_writer *writer, const char *key)
{
	word_emit(writer, span_of(key));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "3.11.2": no YAML takes two dots for a number. */
static bool is_version(struct span text)
{
	size_t at = 0, dots = 0;

	while (at < text.len && (is_digit(text.ptr[at]) || text.ptr[at] == '.'))
		if (text.ptr[at++] == '.' && ++dots == 2)
			return at < text.len && is_digit(text.ptr[at]) && is_digit(text.ptr[0]);
	return false;
}

/* True for a text that a YAML parser, 1.1 or 1.2, would not take for a string if it stood unquoted.
 * What its syntax forbids to stand unquoted, libyaml quotes by itself. */
static bool is_ambiguous(struct span text)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on",
		                             "off",  "y",    "n",     "~",   "=",  "<<" };

	if (!text.len)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == text.len && !strncasecmp(words[i], text.ptr, text.len))
			return true;
	if (is_digit(text.ptr[0]))
		return !is_version(text);
	return strchr("+-.", text.ptr[0]) && text.len > 1 &&
	       (is_digit(text.ptr[1]) || strchr("._iInN", text.ptr[1]));
}

static void string_emit(struct yaml_writer *writer, uint32_t id)
{
	struct span text = intern_get(writer->profile->intern, id);
	yaml_scalar_style_t style =
	        is_ambiguous(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
	yaml_event_t event;

	/* libyaml refuses what is not UTF-8; nothing unclean should be in a profile, but if it is ... */
	if (!escape_is_clean(text)) {
		buf_clear(&writer->text);
		escape_add(&writer->text, text);
		text = buf_span(&writer->text);
	}
	emit(writer, &event, scalar_make(&event, text, style));
}

static void number_emit(struct yaml_writer *writer, uint64_t number)
{
	buf_clear(&writer->text);
	buf_printf(&writer->text, "%" PRIu64, number);
	word_emit(writer, buf_span(&writer->text));
}

/* number / scale, exactly, with no more digits than it needs, but at least `digits` behind the point. */
static void fixed_emit(struct yaml_writer *writer, uint64_t number, uint64_t scale, int digits)
{
	struct buf *text = &writer->text;
	int width = scale == YAML_MILLI ? 3 : 6;

	buf_clear(text);
	buf_printf(text, "%" PRIu64 ".%0*" PRIu64, number / scale, width, number % scale);
	while (width > digits && text->ptr[text->len - 1] == '0') {
		text->len--;
		width--;
	}
	if (!width)
		text->len--;
	word_emit(writer, buf_span(text));
}

static void number_pair(struct yaml_writer *writer, const char *key, uint64_t number)
{
	key_emit(writer, key);
	number_emit(writer, number);
}

/* A pair is left out where its value is not known. */
static void string_pair(struct yaml_writer *writer, const char *key, uint32_t id)
{
	if (!id)
		return;
	key_emit(writer, key);
	string_emit(writer, id);
}

static void known_pair(struct yaml_writer *writer, const char *key, uint64_t number)
{
	if (number)
		number_pair(writer, key, number);
}

static void fixed_pair(struct yaml_writer *writer, const char *key, uint64_t number, int digits)
{
	key_emit(writer, key);
	fixed_emit(writer, number, YAML_MILLI, digits);
}

static void target_write(struct yaml_writer *writer, const struct profile_target *target)
{
	map_open(writer, true);
	number_pair(writer, "pid", target->pid);
	if (target->arg_count) {
		key_emit(writer, "command");
		list_open(writer, true);
		for (size_t i = 0; i < target->arg_count; i++)
			string_emit(writer, target->args[i]);
		list_close(writer);
	}
	string_pair(writer, "executable", target->executable);
	string_pair(writer, "python", target->python);
	string_pair(writer, "host", target->host);
	map_close(writer);
}

static void targets_write(struct yaml_writer *writer)
{
	const struct profile *profile = writer->profile;

	if (!profile->target_count)
		return;
	if (profile->target_count == 1) {
		key_emit(writer, "target");
		target_write(writer, profile->targets);
		return;
	}
	key_emit(writer, "targets");
	list_open(writer, false);
	for (size_t i = 0; i < profile->target_count; i++)
		target_write(writer, &profile->targets[i]);
	list_close(writer);
}

static void pause_write(struct yaml_writer *writer, const struct profile_pause *pause)
{
	key_emit(writer, "pause_ms");
	map_open(writer, true);
	fixed_pair(writer, "first", pause->first, 1);
	fixed_pair(writer, "median", pause->median, 1);
	fixed_pair(writer, "p99", pause->p99, 1);
	fixed_pair(writer, "max", pause->max, 1);
	map_close(writer);
}

static void sampling_write(struct yaml_writer *writer)
{
	const struct profile_sampling *sampling = &writer->profile->sampling;

	if (!sampling->known)
		return;
	key_emit(writer, "sampling");
	yaml_emitter_set_width(&writer->emitter, WRAP_COLUMNS);
	map_open(writer, true);
	string_pair(writer, "started", sampling->started);
	number_pair(writer, "asked", sampling->asked);
	number_pair(writer, "taken", sampling->taken);
	number_pair(writer, "late", sampling->late);
	number_pair(writer, "failed", sampling->failed);
	if (sampling->rate_mhz)
		fixed_pair(writer, "rate_hz", sampling->rate_mhz, 0);
	if (sampling->achieved_mhz)
		fixed_pair(writer, "achieved_hz", sampling->achieved_mhz, 1);
	if (sampling->elapsed_ms) {
		fixed_pair(writer, "seconds", sampling->elapsed_ms, 1);
		key_emit(writer, "stopped_share");
		fixed_emit(writer, sampling->stopped_ppm, YAML_MICRO, 1);
	}
	if (sampling->pause.known)
		pause_write(writer, &sampling->pause);
	map_close(writer);
	yaml_emitter_set_width(&writer->emitter, INT_MAX);
}

static void counts_write(struct yaml_writer *writer)
{
	const struct profile *profile = writer->profile;

	key_emit(writer, "stacks");
	map_open(writer, true);
	number_pair(writer, "total", profile_stacks(profile));
	for (size_t i = 0; i < MARK_COUNT; i++)
		number_pair(writer, profile_mark_name((enum merge_mark)i), profile->marks[i]);
	map_close(writer);
	if (!profile->text_lines && !profile->unknown_lines)
		return;
	key_emit(writer, "text");
	map_open(writer, true);
	number_pair(writer, "lines", profile->text_lines);
	number_pair(writer, "unknown_lines", profile->unknown_lines);
	map_close(writer);
}

static void threads_write(struct yaml_writer *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t only_pid = profile->target_count == 1 ? profile->targets[0].pid : 0;

	if (!profile->thread_count)
		return;
	key_emit(writer, "threads");
	list_open(writer, false);
	for (size_t i = 0; i < profile->thread_count; i++) {
		const struct profile_thread *thread = &profile->threads[i];

		map_open(writer, true);
		if (thread->pid != only_pid)
			number_pair(writer, "pid", thread->pid);
		known_pair(writer, "tid", thread->tid);
		string_pair(writer, "name", thread->name);
		number_pair(writer, "stacks", thread->stacks);
		map_close(writer);
	}
	list_close(writer);
}

static void notes_write(struct yaml_writer *writer)
{
	const struct profile *profile = writer->profile;

	if (!profile->note_count)
		return;
	key_emit(writer, "notes");
	list_open(writer, false);
	for (size_t i = 0; i < profile->note_count; i++)
		string_emit(writer, profile->notes[i]);
	list_close(writer);
}

static void lines_write(struct yaml_writer *writer, uint32_t at)
{
	const struct tree *tree = writer->profile->tree;

	struct tree_line line = tree_line_first(tree, at);

	if (!line.number)
		return;
	key_emit(writer, "lines");
	map_open(writer, true);
	for (; line.number; line = tree_line_next(tree, &line)) {
		number_emit(writer, line.number);
		number_emit(writer, line.weight);
	}
	map_close(writer);
}

/* Opens a node's mapping and writes all of it but its calls. */
static void node_open(struct yaml_writer *writer, uint32_t at, bool flow)
{
	const struct tree_node *node = tree_node(writer->profile->tree, at);
	const struct frame *frame = tree_frame(writer->profile->tree, at);

	if (writer->numbers)
		writer->numbers[at] = ++writer->node_count;
	map_open(writer, flow);
	key_emit(writer, "frame");
	string_emit(writer, frame->name);
	key_emit(writer, "kind");
	key_emit(writer, profile_kind_name(frame->kind));
	string_pair(writer, "module", frame->module);
	string_pair(writer, "file", frame->file);
	known_pair(writer, "first_line", frame->first_line);
	known_pair(writer, "line", frame->line);
	number_pair(writer, "total", node->total);
	number_pair(writer, "self", tree_self(writer->profile->tree, at));
	lines_write(writer, at);
}

/* Writes the calls of `top`; what is too deep gets a piece of its own. */
static void calls_write(struct yaml_writer *writer, uint32_t top)
{
	const struct tree *tree = writer->profile->tree;
	uint32_t at = tree_node(tree, top)->first_child;
	size_t level = 1;

	list_open(writer, at == TREE_NONE);
	while (at != TREE_NONE && !writer->failed) {
		uint32_t child = tree_node(tree, at)->first_child;
		bool deeper = child != TREE_NONE && level < YAML_PIECE_LEVELS;

		node_open(writer, at, !deeper);
		if (deeper) {
			key_emit(writer, "calls");
			list_open(writer, false);
			level++;
			at = child;
			continue;
		}
		if (child != TREE_NONE) {
			number_pair(writer, "continues", writer->piece_count);
			writer->pieces =
			        alloc_grow(writer->pieces, &writer->piece_cap,
			                   writer->piece_count + 1, sizeof(*writer->pieces));
			writer->pieces[writer->piece_count++] = at;
		}
		map_close(writer);
		while (tree_node(tree, at)->next_sibling == TREE_NONE && level > 1) {
			list_close(writer);
			map_close(writer);
			level--;
			at = tree_node(tree, at)->parent;
		}
		at = tree_node(tree, at)->next_sibling;
	}
	list_close(writer);
}

static void tree_write(struct yaml_writer *writer)
{
	writer->pieces = alloc_grow(NULL, &writer->piece_cap, 1, sizeof(*writer->pieces));
	writer->pieces[writer->piece_count++] = TREE_ROOT;
	key_emit(writer, "tree");
	calls_write(writer, TREE_ROOT);
	for (size_t i = 1; i < writer->piece_count && !writer->failed; i++) {
		if (i == 1) {
			key_emit(writer, "continued");
			list_open(writer, false);
		}
		map_open(writer, false);
		number_pair(writer, "piece", i);
		key_emit(writer, "calls");
		calls_write(writer, writer->pieces[i]);
		map_close(writer);
	}
	if (writer->piece_count > 1)
		list_close(writer);
}

/* Behind the tree, whose nodes have their numbers then. */
static void timeline_write(struct yaml_writer *writer)
{
	struct yaml_timeline_texts texts = { .profile = writer->profile, .nodes = writer->numbers };

	if (!writer->profile->timeline)
		return;
	key_emit(writer, "timeline");
	map_open(writer, false);
	while (yaml_timeline_list(&texts)) {
		key_emit(writer, texts.key);
		list_open(writer, false);
		while (!writer->failed && yaml_timeline_text(&texts, &writer->text))
			word_emit(writer, buf_span(&writer->text));
		list_close(writer);
	}
	map_close(writer);
	yaml_timeline_texts_deinit(&texts);
}

static void document_write(struct yaml_writer *writer)
{
	bool by_cpu = writer->profile->weight == PROFILE_CPU_US;
	yaml_event_t event;

	emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	map_open(writer, false);
	number_pair(writer, "pmp-profile", by_cpu ? PROFILE_VERSION : 1);
	if (by_cpu) {
		key_emit(writer, "weight");
		key_emit(writer, "cpu_us");
	}
	if (tree_by_line(writer->profile->tree)) {
		key_emit(writer, "by_line");
		key_emit(writer, "true");
	}
	targets_write(writer);
	sampling_write(writer);
	counts_write(writer);
	threads_write(writer);
	notes_write(writer);
	tree_write(writer);
	timeline_write(writer);
	map_close(writer);
	emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
	emit(writer, &event, yaml_stream_end_event_initialize(&event));
}

bool yaml_write(const struct profile *profile, const struct view_options *view, FILE *out,
                struct error *err)
{
	struct yaml_writer writer = { .profile = profile, .out = out };

	(void)view; /* a profile holds all, whatever is shown of it */
	if (!yaml_emitter_initialize(&writer.emitter))
		return error_set(err, ERROR_FAILED, "cannot write the profile: out of memory");
	yaml_emitter_set_output(&writer.emitter, bytes_write, &writer);
	yaml_emitter_set_unicode(&writer.emitter, 1);
	yaml_emitter_set_width(&writer.emitter, -1);
	if (profile->timeline)
		writer.numbers = alloc_zeroed(tree_count(profile->tree), sizeof(*writer.numbers));
	document_write(&writer);
	if (writer.failed && ferror(out))
		error_set(err, ERROR_OUTPUT, "cannot write the profile: %s", strerror(errno));
	else if (writer.failed)
		error_set(err, ERROR_FAILED, "cannot write the profile: %s",
		          writer.emitter.problem ? writer.emitter.problem : "out of memory");
	yaml_emitter_delete(&writer.emitter);
	buf_deinit(&writer.text);
	free(writer.pieces);
	free(writer.numbers);
	return !writer.failed;
}
