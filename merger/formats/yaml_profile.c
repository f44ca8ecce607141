
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/yaml_events.h"
#include "merger/formats/yaml_schema.h"
#include "merger/formats/yaml_timeline.h"
#include "merger/formats/yaml_tree.h"

#define DETECT_MAX 65536 /* in how much of a text the version must come */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A thread without a pid is the only target's; who that is may come later in the text. */
struct thread_row {
	struct profile_thread thread; /* first: the fields' offsets are into it */
	bool has_pid;
	size_t line; /* in the file */
};

/* What is put into the profile when all of the text was seen, as keys may come in any order. */
struct document {
	struct profile *profile;
	struct yaml_tree tree;
	struct yaml_timeline timeline;
	struct thread_row *threads;
	size_t thread_count, thread_cap;
	uint32_t version;
	bool by_line;
	uint64_t total; /* of stacks */
};

struct target_row {
	struct profile_target target; /* first: the fields' offsets are into it */
	size_t arg_cap;
};

static bool word_read(struct yaml_events *reader, void *into)
{
	struct target_row *row = into;
	struct profile_target *target = &row->target;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a word of 'command' is not a string");
	target->args = alloc_grow(target->args, &row->arg_cap, target->arg_count + 1,
	                          sizeof(*target->args));
	target->args[target->arg_count++] =
	        intern_add_clean(reader->intern, yaml_events_scalar(reader));
	return true;
}

static bool command_read(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "command", word_read, into);
}

static bool process_read(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "pid", YAML_U32, offsetof(struct profile_target, pid), 0, NULL },
		{ "command", YAML_CALL, 0, 0, command_read },
		{ "executable", YAML_STRING, offsetof(struct profile_target, executable), 0, NULL },
		{ "python", YAML_STRING, offsetof(struct profile_target, python), 0, NULL },
		{ "host", YAML_STRING, offsetof(struct profile_target, host), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "target" };
	struct document *document = into;
	struct target_row row = { 0 };
	uint64_t seen;
	bool ok = yaml_events_map(reader, &fields, &row, &seen);

	if (ok && !profile_add_target(document->profile, &row.target))
		ok = yaml_events_fail(reader, "two targets with pid %u", row.target.pid);
	free(row.target.args);
	return ok;
}

static bool targets_read(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "targets", process_read, into);
}

static bool pause_read(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "first", YAML_FIXED, offsetof(struct profile_pause, first), YAML_MILLI, NULL },
		{ "median", YAML_FIXED, offsetof(struct profile_pause, median), YAML_MILLI, NULL },
		{ "p99", YAML_FIXED, offsetof(struct profile_pause, p99), YAML_MILLI, NULL },
		{ "max", YAML_FIXED, offsetof(struct profile_pause, max), YAML_MILLI, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "pause_ms" };
	struct profile_sampling *sampling = into;
	uint64_t seen;

	sampling->pause.known = true;
	return yaml_events_map(reader, &fields, &sampling->pause, &seen);
}

static bool sampling_read(struct yaml_events *reader, void *into)
{
#define ROW(key, type, field, scale)                                                               \
	{                                                                                          \
		key, type, offsetof(struct profile_sampling, field), scale, NULL                   \
	}
	static const struct yaml_field rows[] = {
		ROW("started", YAML_STRING, started, 0),
		ROW("asked", YAML_U64, asked, 0),
		ROW("taken", YAML_U64, taken, 0),
		ROW("late", YAML_U64, late, 0),
		ROW("failed", YAML_U64, failed, 0),
		ROW("rate_hz", YAML_FIXED, rate_mhz, YAML_MILLI),
		ROW("achieved_hz", YAML_FIXED, achieved_mhz, YAML_MILLI),
		ROW("seconds", YAML_FIXED, elapsed_ms, YAML_MILLI),
		ROW("stopped_share", YAML_FIXED, stopped_ppm, YAML_MICRO),
		{ "pause_ms", YAML_CALL, 0, 0, pause_read },
	};
#undef ROW
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "sampling" };
	struct document *document = into;
	struct profile_sampling *sampling = &document->profile->sampling;
	uint64_t seen;

	sampling->known = true;
	return yaml_events_map(reader, &fields, sampling, &seen);
}

struct stack_counts {
	uint64_t total, left_out;
	uint64_t marks[QUALITY_COUNT];
};

static bool stacks_read(struct yaml_events *reader, void *into)
{
	struct yaml_field rows[QUALITY_COUNT + 2] = {
		{ "total", YAML_U64, offsetof(struct stack_counts, total), 0, NULL },
		{ "left_out", YAML_U64, offsetof(struct stack_counts, left_out), 0, NULL },
	};
	const struct yaml_fields fields = { rows, COUNT_OF(rows), "stacks" };
	struct document *document = into;
	struct stack_counts counts = { 0 };
	uint64_t seen, sum = 0;

	for (size_t i = 0; i < QUALITY_COUNT; i++)
		rows[i + 2] = (struct yaml_field){
			.key = profile_quality_name((enum merge_quality)i),
			.type = YAML_U64,
			.offset = offsetof(struct stack_counts, marks) + i * sizeof(uint64_t),
		};
	if (!yaml_events_map(reader, &fields, &counts, &seen))
		return false;
	for (size_t i = 0; i < QUALITY_COUNT; i++)
		if (__builtin_add_overflow(sum, counts.marks[i], &sum))
			return yaml_events_fail(reader, "the stacks add up to too much");
	if (sum != counts.total)
		return yaml_events_fail(reader,
		                        "stacks: the total is %" PRIu64
		                        ", but merged, lost and so on add up to %" PRIu64,
		                        counts.total, sum);
	document->total = sum;
	document->profile->left_out = counts.left_out;
	memcpy(document->profile->marks, counts.marks, sizeof(counts.marks));
	return true;
}

static bool text_read(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "lines", YAML_U64, offsetof(struct profile, text_lines), 0, NULL },
		{ "unknown_lines", YAML_U64, offsetof(struct profile, unknown_lines), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "text" };
	struct document *document = into;
	uint64_t seen;

	return yaml_events_map(reader, &fields, document->profile, &seen);
}

static bool thread_read(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "pid", YAML_U32, offsetof(struct profile_thread, pid), 0, NULL },
		{ "tid", YAML_U32, offsetof(struct profile_thread, tid), 0, NULL },
		{ "name", YAML_STRING, offsetof(struct profile_thread, name), 0, NULL },
		{ "stacks", YAML_U64, offsetof(struct profile_thread, stacks), 0, NULL },
		{ "host", YAML_STRING, offsetof(struct profile_thread, host), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "thread" };
	struct document *document = into;
	struct thread_row row = { .line = yaml_events_line(reader) };
	uint64_t seen;

	if (!yaml_events_map(reader, &fields, &row, &seen))
		return false;
	row.has_pid = seen & 1;
	document->threads = alloc_grow(document->threads, &document->thread_cap,
	                               document->thread_count + 1, sizeof(*document->threads));
	document->threads[document->thread_count++] = row;
	return true;
}

static bool module_read(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "path", YAML_STRING, offsetof(struct profile_module, path), 0, NULL },
		{ "build_id", YAML_STRING, offsetof(struct profile_module, build_id), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "module" };
	struct document *document = into;
	struct profile_module module = { 0 };
	uint64_t seen;

	if (!yaml_events_map(reader, &fields, &module, &seen))
		return false;
	profile_module(document->profile, module.path, module.build_id);
	return true;
}

static bool modules_read(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "modules", module_read, into);
}

static bool threads_read(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "threads", thread_read, into);
}

static bool note_read(struct yaml_events *reader, void *into)
{
	struct document *document = into;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a note is not a string");
	profile_note(document->profile,
	             intern_add_clean(reader->intern, yaml_events_scalar(reader)));
	return true;
}

static bool notes_read(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "notes", note_read, into);
}

static bool version_read(struct yaml_events *reader, void *into)
{
	struct document *document = into;
	uint64_t version;

	if (!yaml_events_number(reader, "pmp-profile", UINT32_MAX, &version))
		return false;
	document->version = (uint32_t)version;
	if (!version || version > PROFILE_VERSION)
		return yaml_events_fail(reader,
		                        "a profile of version %" PRIu64
		                        "; this pmp reads up to %d, a newer one is needed",
		                        version, PROFILE_VERSION);
	return true;
}

static bool tree_read(struct yaml_events *reader, void *into)
{
	return yaml_tree_read(reader, &((struct document *)into)->tree);
}

static bool continued_read(struct yaml_events *reader, void *into)
{
	return yaml_tree_read_continued(reader, &((struct document *)into)->tree);
}

static bool timeline_read(struct yaml_events *reader, void *into)
{
	return yaml_timeline_read(reader, &((struct document *)into)->timeline);
}

static bool weight_read(struct yaml_events *reader, void *into)
{
	struct document *document = into;

	if (reader->event.type != YAML_SCALAR_EVENT ||
	    !span_eq(yaml_events_scalar(reader), SPAN_LIT("cpu_us")))
		return yaml_events_fail(reader, "a weight that this pmp does not know");
	document->profile->weight = PROFILE_CPU_US;
	return true;
}

static bool runs_read(struct yaml_events *reader, void *into)
{
	struct document *document = into;

	return yaml_events_number(reader, "runs", UINT64_MAX, &document->profile->runs);
}

enum document_key { KEY_VERSION, KEY_STACKS, KEY_TREE };

static const struct yaml_field document_rows[] = {
	[KEY_VERSION] = { "pmp-profile", YAML_CALL, 0, 0, version_read },
	[KEY_STACKS] = { "stacks", YAML_CALL, 0, 0, stacks_read },
	[KEY_TREE] = { "tree", YAML_CALL, 0, 0, tree_read },
	{ "by_line", YAML_BOOL, offsetof(struct document, by_line), 0, NULL },
	{ "target", YAML_CALL, 0, 0, process_read },
	{ "targets", YAML_CALL, 0, 0, targets_read },
	{ "sampling", YAML_CALL, 0, 0, sampling_read },
	{ "text", YAML_CALL, 0, 0, text_read },
	{ "threads", YAML_CALL, 0, 0, threads_read },
	{ "modules", YAML_CALL, 0, 0, modules_read },
	{ "notes", YAML_CALL, 0, 0, notes_read },
	{ "continued", YAML_CALL, 0, 0, continued_read },
	{ "timeline", YAML_CALL, 0, 0, timeline_read },
	{ "weight", YAML_CALL, 0, 0, weight_read },
	{ "runs", YAML_CALL, 0, 0, runs_read },
};

static const struct yaml_fields document_fields = { document_rows, COUNT_OF(document_rows),
	                                            "profile" };

static bool threads_settle(struct yaml_events *reader, struct document *document)
{
	struct profile *profile = document->profile;
	uint32_t only_pid = profile->target_count == 1 ? profile->targets[0].pid : 0;

	for (size_t i = 0; i < document->thread_count; i++) {
		struct thread_row *row = &document->threads[i];

		if (!row->has_pid)
			row->thread.pid = only_pid;
		*profile_host_thread(profile, row->thread.host, row->thread.pid, row->thread.tid) =
		        row->thread;
		if (profile->thread_count == i)
			return yaml_events_fail_at(reader, row->line, "two threads with tid %u",
			                           row->thread.tid);
	}
	return true;
}

static bool document_settle(struct yaml_events *reader, struct document *document, uint64_t seen)
{
	struct profile *profile = document->profile;
	uint64_t whole;

	for (size_t i = KEY_VERSION; i <= KEY_TREE; i++)
		if (!(seen >> i & 1))
			return yaml_events_fail(reader, "no '%s': not the whole of a profile",
			                        document_rows[i].key);
	if (document->by_line) {
		tree_destroy(profile->tree);
		profile->tree = tree_create(true);
	}
	if (!yaml_tree_build(reader, &document->tree, profile->tree))
		return false;
	whole = tree_node(profile->tree, TREE_ROOT)->total;
	if (profile->weight == PROFILE_SAMPLES &&
	    (document->total < profile->left_out || whole != document->total - profile->left_out))
		return yaml_events_fail(reader,
		                        "the tree's roots add up to %" PRIu64
		                        " stacks, but 'stacks' says %" PRIu64 " without %" PRIu64
		                        " left out",
		                        whole, document->total, profile->left_out);
	if (!threads_settle(reader, document) ||
	    !yaml_timeline_build(reader, &document->timeline, &document->tree, profile))
		return false;
	profile_sort(profile);
	return true;
}

/* The events around the document's one mapping. */
static bool document_read(struct yaml_events *reader, struct document *document)
{
	uint64_t seen;

	if (!yaml_events_next(reader) || !yaml_events_next(reader)) /* stream, document */
		return false;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return yaml_events_fail(reader, "there is no profile in it");
	if (!yaml_events_next(reader) ||
	    !yaml_events_map(reader, &document_fields, document, &seen))
		return false;
	if (!yaml_events_next(reader) || !yaml_events_next(reader))
		return false;
	if (reader->event.type != YAML_STREAM_END_EVENT)
		return yaml_events_fail(reader, "a second document; a file holds one profile");
	return document_settle(reader, document, seen);
}

struct profile *yaml_profile_read(struct span text, const char *name, struct error *err)
{
	struct document document = { .profile = profile_create(false) };
	struct yaml_events reader;
	bool done = false;

	if (yaml_events_init(&reader, text, name, document.profile->intern, err)) {
		done = document_read(&reader, &document);
		yaml_events_deinit(&reader);
	}
	yaml_tree_deinit(&document.tree);
	yaml_timeline_deinit(&document.timeline);
	free(document.threads);
	if (done)
		return document.profile;
	profile_destroy(document.profile);
	return NULL;
}

/* The version may be anywhere on the first level, as other programs put keys in another order, and
 * quoted, as JSON has it. */
bool yaml_profile_detect(struct span text)
{
	static const char key[] = "pmp-profile";
	const char *found;

	if (text.len > DETECT_MAX)
		text.len = DETECT_MAX;
	while (text.len && (found = memmem(text.ptr, text.len, key, sizeof(key) - 1))) {
		size_t at = (size_t)(found - text.ptr);
		bool starts = !at || strchr("\n{\"', \xbf", found[-1]);
		struct span rest = span_skip(text, at + sizeof(key) - 1);

		if (rest.len && (rest.ptr[0] == '"' || rest.ptr[0] == '\''))
			rest = span_skip(rest, 1);
		if (starts && rest.len && rest.ptr[0] == ':')
			return true;
		text = rest;
	}
	return false;
}
