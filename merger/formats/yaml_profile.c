/* yaml_profile: reads YAML and JSON profiles (yaml_schema.h). */
#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/yaml_events.h"
#include "merger/formats/yaml_schema.h"
#include "merger/formats/yaml_timeline.h"
#include "merger/formats/yaml_tree.h"

#define DETECT_MAX 65536 /* the version must be in so many bytes */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A thread without a pid belongs to the only target, which may come later in the text. */
struct thread_row {
	struct profile_thread thread; /* first, because the fields' offsets refer to it */
	bool has_pid;
	size_t line; /* in the file */
};

/* Collects the data until all text was read, because keys may be in any order. */
struct yaml_profile {
	struct profile *profile;
	struct yaml_tree tree;
	struct yaml_timeline timeline;
	struct thread_row *threads;
	size_t thread_count, thread_cap;
	uint32_t version;
	bool by_line;
	uint64_t total; /* number of stacks */
};

struct target_row {
	struct profile_target target; /* first, because the fields' offsets refer to it */
	size_t arg_cap;
};

static bool read_argument(struct yaml_events *reader, void *into)
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

static bool read_command(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "command", read_argument, into);
}

static bool read_target(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "pid", YAML_U32, offsetof(struct profile_target, pid), 0, NULL },
		{ "command", YAML_CALL, 0, 0, read_command },
		{ "executable", YAML_STRING, offsetof(struct profile_target, executable), 0, NULL },
		{ "python", YAML_STRING, offsetof(struct profile_target, python), 0, NULL },
		{ "host", YAML_STRING, offsetof(struct profile_target, host), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "target" };
	struct yaml_profile *yaml = into;
	struct target_row row = { 0 };
	uint64_t seen;
	bool ok = yaml_events_map(reader, &fields, &row, &seen);

	if (ok && !profile_add_target(yaml->profile, &row.target))
		ok = yaml_events_fail(reader, "two targets with pid %u", row.target.pid);
	free(row.target.args);
	return ok;
}

static bool read_targets(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "targets", read_target, into);
}

static bool read_pause(struct yaml_events *reader, void *into)
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

static bool read_sampling(struct yaml_events *reader, void *into)
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
		{ "pause_ms", YAML_CALL, 0, 0, read_pause },
	};
#undef ROW
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "sampling" };
	struct yaml_profile *yaml = into;
	struct profile_sampling *sampling = &yaml->profile->sampling;
	uint64_t seen;

	sampling->known = true;
	return yaml_events_map(reader, &fields, sampling, &seen);
}

struct stack_counts {
	uint64_t total, left_out;
	uint64_t marks[QUALITY_COUNT];
};

static bool read_stack_counts(struct yaml_events *reader, void *into)
{
	struct yaml_field rows[QUALITY_COUNT + 2] = {
		{ "total", YAML_U64, offsetof(struct stack_counts, total), 0, NULL },
		{ "left_out", YAML_U64, offsetof(struct stack_counts, left_out), 0, NULL },
	};
	const struct yaml_fields fields = { rows, COUNT_OF(rows), "stacks" };
	struct yaml_profile *yaml = into;
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
	yaml->total = sum;
	yaml->profile->left_out = counts.left_out;
	memcpy(yaml->profile->marks, counts.marks, sizeof(counts.marks));
	return true;
}

static bool read_text(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "lines", YAML_U64, offsetof(struct profile, text_lines), 0, NULL },
		{ "unknown_lines", YAML_U64, offsetof(struct profile, unknown_lines), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "text" };
	struct yaml_profile *yaml = into;
	uint64_t seen;

	return yaml_events_map(reader, &fields, yaml->profile, &seen);
}

static bool read_thread(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "pid", YAML_U32, offsetof(struct profile_thread, pid), 0, NULL },
		{ "tid", YAML_U32, offsetof(struct profile_thread, tid), 0, NULL },
		{ "name", YAML_STRING, offsetof(struct profile_thread, name), 0, NULL },
		{ "stacks", YAML_U64, offsetof(struct profile_thread, stacks), 0, NULL },
		{ "host", YAML_STRING, offsetof(struct profile_thread, host), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "thread" };
	struct yaml_profile *yaml = into;
	struct thread_row row = { .line = yaml_events_line(reader) };
	uint64_t seen;

	if (!yaml_events_map(reader, &fields, &row, &seen))
		return false;
	row.has_pid = seen & 1;
	yaml->threads = alloc_grow(yaml->threads, &yaml->thread_cap, yaml->thread_count + 1,
	                           sizeof(*yaml->threads));
	yaml->threads[yaml->thread_count++] = row;
	return true;
}

static bool read_module(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "path", YAML_STRING, offsetof(struct profile_module, path), 0, NULL },
		{ "build_id", YAML_STRING, offsetof(struct profile_module, build_id), 0, NULL },
	};
	static const struct yaml_fields fields = { rows, COUNT_OF(rows), "module" };
	struct yaml_profile *yaml = into;
	struct profile_module module = { 0 };
	uint64_t seen;

	if (!yaml_events_map(reader, &fields, &module, &seen))
		return false;
	profile_module(yaml->profile, module.path, module.build_id);
	return true;
}

static bool read_modules(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "modules", read_module, into);
}

static bool read_threads(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "threads", read_thread, into);
}

static bool read_note(struct yaml_events *reader, void *into)
{
	struct yaml_profile *yaml = into;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a note is not a string");
	profile_note(yaml->profile, intern_add_clean(reader->intern, yaml_events_scalar(reader)));
	return true;
}

static bool read_notes(struct yaml_events *reader, void *into)
{
	return yaml_events_list(reader, "notes", read_note, into);
}

static bool read_version(struct yaml_events *reader, void *into)
{
	struct yaml_profile *yaml = into;
	uint64_t version;

	if (!yaml_events_number(reader, "pmp-profile", UINT32_MAX, &version))
		return false;
	yaml->version = (uint32_t)version;
	if (!version || version > PROFILE_VERSION)
		return yaml_events_fail(reader,
		                        "a profile of version %" PRIu64
		                        "; this pmp reads up to %d, a newer one is needed",
		                        version, PROFILE_VERSION);
	return true;
}

static bool read_tree(struct yaml_events *reader, void *into)
{
	return yaml_tree_read(reader, &((struct yaml_profile *)into)->tree);
}

static bool read_continued(struct yaml_events *reader, void *into)
{
	return yaml_tree_read_continued(reader, &((struct yaml_profile *)into)->tree);
}

static bool read_timeline(struct yaml_events *reader, void *into)
{
	return yaml_timeline_read(reader, &((struct yaml_profile *)into)->timeline);
}

static bool read_weight(struct yaml_events *reader, void *into)
{
	struct yaml_profile *yaml = into;

	if (reader->event.type != YAML_SCALAR_EVENT ||
	    !span_eq(yaml_events_scalar(reader), SPAN_LIT("cpu_us")))
		return yaml_events_fail(reader, "a weight that this pmp does not know");
	yaml->profile->weight = PROFILE_CPU_US;
	return true;
}

static bool read_runs(struct yaml_events *reader, void *into)
{
	struct yaml_profile *yaml = into;

	return yaml_events_number(reader, "runs", UINT64_MAX, &yaml->profile->runs);
}

enum profile_key { KEY_VERSION, KEY_STACKS, KEY_TREE };

static const struct yaml_field profile_rows[] = {
	[KEY_VERSION] = { "pmp-profile", YAML_CALL, 0, 0, read_version },
	[KEY_STACKS] = { "stacks", YAML_CALL, 0, 0, read_stack_counts },
	[KEY_TREE] = { "tree", YAML_CALL, 0, 0, read_tree },
	{ "by_line", YAML_BOOL, offsetof(struct yaml_profile, by_line), 0, NULL },
	{ "target", YAML_CALL, 0, 0, read_target },
	{ "targets", YAML_CALL, 0, 0, read_targets },
	{ "sampling", YAML_CALL, 0, 0, read_sampling },
	{ "text", YAML_CALL, 0, 0, read_text },
	{ "threads", YAML_CALL, 0, 0, read_threads },
	{ "modules", YAML_CALL, 0, 0, read_modules },
	{ "notes", YAML_CALL, 0, 0, read_notes },
	{ "continued", YAML_CALL, 0, 0, read_continued },
	{ "timeline", YAML_CALL, 0, 0, read_timeline },
	{ "weight", YAML_CALL, 0, 0, read_weight },
	{ "runs", YAML_CALL, 0, 0, read_runs },
};

static const struct yaml_fields profile_fields = { profile_rows, COUNT_OF(profile_rows),
	                                           "profile" };

static bool build_threads(struct yaml_events *reader, struct yaml_profile *yaml)
{
	struct profile *profile = yaml->profile;
	uint32_t only_pid = profile->target_count == 1 ? profile->targets[0].pid : 0;

	for (size_t i = 0; i < yaml->thread_count; i++) {
		struct thread_row *row = &yaml->threads[i];

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

static bool build_profile(struct yaml_events *reader, struct yaml_profile *yaml, uint64_t seen)
{
	struct profile *profile = yaml->profile;
	uint64_t whole;

	for (size_t i = KEY_VERSION; i <= KEY_TREE; i++)
		if (!(seen >> i & 1))
			return yaml_events_fail(reader, "no '%s': not the whole of a profile",
			                        profile_rows[i].key);
	if (yaml->by_line) {
		tree_destroy(profile->tree);
		profile->tree = tree_create(true);
	}
	if (!yaml_tree_build(reader, &yaml->tree, profile->tree))
		return false;
	whole = tree_node(profile->tree, TREE_ROOT)->total;
	if (profile->weight == PROFILE_SAMPLES &&
	    (yaml->total < profile->left_out || whole != yaml->total - profile->left_out))
		return yaml_events_fail(reader,
		                        "the tree's roots add up to %" PRIu64
		                        " stacks, but 'stacks' says %" PRIu64 " without %" PRIu64
		                        " left out",
		                        whole, yaml->total, profile->left_out);
	if (!build_threads(reader, yaml) ||
	    !yaml_timeline_build(reader, &yaml->timeline, &yaml->tree, profile))
		return false;
	profile_sort(profile);
	return true;
}

/* Reads the events around the document's only map. */
static bool read_document(struct yaml_events *reader, struct yaml_profile *yaml)
{
	uint64_t seen;

	if (!yaml_events_next(reader) || !yaml_events_next(reader)) /* stream, document */
		return false;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return yaml_events_fail(reader, "there is no profile in it");
	if (!yaml_events_next(reader) || !yaml_events_map(reader, &profile_fields, yaml, &seen))
		return false;
	if (!yaml_events_next(reader) || !yaml_events_next(reader))
		return false;
	if (reader->event.type != YAML_STREAM_END_EVENT)
		return yaml_events_fail(reader, "a second document; a file holds one profile");
	return build_profile(reader, yaml, seen);
}

struct profile *yaml_profile_read(struct span text, const char *name, struct error *err)
{
	struct yaml_profile yaml = { .profile = profile_create(false) };
	struct yaml_events reader;
	bool done = false;

	if (yaml_events_init(&reader, text, name, yaml.profile->intern, err)) {
		done = read_document(&reader, &yaml);
		yaml_events_deinit(&reader);
	}
	yaml_tree_deinit(&yaml.tree);
	yaml_timeline_deinit(&yaml.timeline);
	free(yaml.threads);
	if (done)
		return yaml.profile;
	profile_destroy(yaml.profile);
	return NULL;
}

/* The version may be anywhere on the first level, because other programs change the order of
 * keys. In JSON it is quoted. */
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
