/* pprof: the profile for `go tool pprof` and other readers of the format: protobuf
 * (pprof.proto), packed by gzip.
 *
 * Values are samples, their time if the rate is known, and CPU time if the profile has it. Each
 * line of a frame is a location. With a timeline (thread_stacks.h) each stack has its exact
 * lines. The tree alone has lines only by node: a frame has its line if the node has only one
 * line, or has no calls; otherwise it has none.
 *
 * A protobuf message may be written in parts, one after the other, so the whole message is never
 * in memory. */

#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "merger/base/number.h"
#include "merger/base/alloc.h"
#include "merger/base/hash_index.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/function_table.h"
#include "merger/profile/thread_stacks.h"
#include "pprof.pb-c.h"

#define CHUNK ((size_t)64 << 10)
#define VALUES_MAX 3

/* A location's number is its index in the array plus 1. */
struct location {
	uint32_t function, line;
};

struct pprof {
	const struct profile *profile;
	struct thread_stacks stacks;
	FILE *out;
	z_stream zip;
	bool failed; /* the rest is not written */
	struct buf packed;
	unsigned char *chunk;
	struct intern *strings; /* the string table, all written */
	uint32_t *mappings;     /* by intern id of a module: number from 1 on; 0: not written */
	uint32_t mapping_count;
	struct function_table functions;
	struct location *locations; /* functions in different mappings are different functions */
	size_t location_count, location_cap;
	struct hash_index location_index;
	bool has_samples, has_time, has_cpu; /* values of each sample */
	uint64_t period_ns;
	struct thread_frames path;
	uint64_t *ids; /* of the path's locations */
	size_t ids_cap;
	struct thread_run *runs;
	size_t runs_cap;
};

static int64_t clamp_int64(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static int64_t multiply(uint64_t number, uint64_t factor)
{
	uint64_t ret;

	return __builtin_mul_overflow(number, factor, &ret) ? INT64_MAX : clamp_int64(ret);
}

/* Packs the bytes; with Z_FINISH also the rest. */
static void write_packed(struct pprof *writer, struct span bytes, int flush)
{
	writer->zip.next_in = (unsigned char *)(uintptr_t)bytes.ptr;
	writer->zip.avail_in = (unsigned)bytes.len;
	do {
		size_t len;

		writer->zip.next_out = writer->chunk;
		writer->zip.avail_out = CHUNK;
		deflate(&writer->zip, flush);
		len = CHUNK - writer->zip.avail_out;
		writer->failed |= fwrite(writer->chunk, 1, len, writer->out) != len;
	} while (!writer->zip.avail_out && !writer->failed);
}

static void write_part(struct pprof *writer, const Pprof__Profile *part)
{
	size_t len = pprof__profile__get_packed_size(part);
	struct span bytes;

	if (writer->failed || len > UINT32_MAX)
		return;
	buf_clear(&writer->packed);
	pprof__profile__pack(part, (uint8_t *)buf_reserve(&writer->packed, len));
	bytes = (struct span){ writer->packed.ptr, len };
	write_packed(writer, bytes, Z_NO_FLUSH);
}

static int64_t number_string(struct pprof *writer, struct span text)
{
	size_t count = intern_count(writer->strings);
	uint32_t ret = intern_add(writer->strings, text);

	if (intern_count(writer->strings) > count) {
		char *string = (char *)(uintptr_t)intern_get(writer->strings, ret).ptr;
		Pprof__Profile part = PPROF__PROFILE__INIT;

		part.n_string_table = 1;
		part.string_table = &string;
		write_part(writer, &part);
	}
	return ret;
}

static int64_t number_id(struct pprof *writer, uint32_t id)
{
	return number_string(writer, intern_get(writer->profile->intern, id));
}

static uint32_t number_mapping(struct pprof *writer, uint32_t module)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *list = &mapping;

	if (!module || writer->mappings[module])
		return module ? writer->mappings[module] : 0;
	mapping.id = writer->mappings[module] = ++writer->mapping_count;
	mapping.filename = number_id(writer, module);
	mapping.build_id = number_id(writer, profile_build_id(writer->profile, module));
	/* readers need not look for symbols */
	mapping.has_functions = mapping.has_filenames = true;
	mapping.has_line_numbers = mapping.has_inline_frames = true;
	part.n_mapping = 1;
	part.mapping = &list;
	write_part(writer, &part);
	return writer->mappings[module];
}

static void write_pprof_function(struct pprof *writer, const struct frame *frame)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Function function = PPROF__FUNCTION__INIT, *list = &function;

	function.id = writer->functions.count;
	function.name = frame->name ? number_id(writer, frame->name)
	                            : number_string(writer, SPAN_LIT("??"));
	function.filename = number_id(writer, frame->file);
	function.start_line = frame->first_line;
	part.n_function = 1;
	part.function = &list;
	write_part(writer, &part);
}

static uint32_t number_function(struct pprof *writer, uint32_t node)
{
	size_t count = writer->functions.count;
	uint32_t ret = function_table_number(&writer->functions, node);

	if (writer->functions.count > count)
		write_pprof_function(writer, tree_frame(writer->profile->tree, node));
	return ret;
}

static void write_location(struct pprof *writer, const struct frame *frame, struct location place)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Location location = PPROF__LOCATION__INIT, *list = &location;
	Pprof__Line line = PPROF__LINE__INIT, *lines = &line;

	line.function_id = place.function;
	if (frame_has_addresses(frame))
		location.address = place.line;
	else
		line.line = place.line;
	location.id = writer->location_count;
	location.mapping_id = number_mapping(writer, frame->module);
	location.n_line = 1;
	location.line = &lines;
	part.n_location = 1;
	part.location = &list;
	write_part(writer, &part);
}

static uint32_t number_location(struct pprof *writer, struct thread_frame at)
{
	const struct frame *frame = tree_frame(writer->profile->tree, at.node);
	struct location location = { number_function(writer, at.node), at.line };
	uint32_t hash = hash_index_hash(
	                 hash_index_mix(hash_index_start(location.function), location.line)),
	         found;

	for (size_t i = hash;
	     (found = hash_index_next(&writer->location_index, hash, &i)) != HASH_INDEX_NONE;)
		if (writer->locations[found - 1].function == location.function &&
		    writer->locations[found - 1].line == location.line)
			return found;
	writer->locations = alloc_grow(writer->locations, &writer->location_cap,
	                               writer->location_count + 1, sizeof(*writer->locations));
	writer->locations[writer->location_count++] = location;
	hash_index_add(&writer->location_index, hash, (uint32_t)writer->location_count);
	write_location(writer, frame, location);
	return (uint32_t)writer->location_count;
}

static void locate_path(struct pprof *writer)
{
	const struct tree *tree = writer->profile->tree;

	writer->ids =
	        alloc_grow(writer->ids, &writer->ids_cap, writer->path.count, sizeof(*writer->ids));
	for (size_t i = 0; i < writer->path.count; i++) {
		struct thread_frame at = writer->path.frames[i];

		if (tree_by_line(tree))
			at.line = tree_frame(tree, at.node)->line;
		else if (!writer->stacks.timeline && !at.line)
			at.line = tree_only_line(tree, at.node);
		writer->ids[i] = number_location(writer, at);
	}
}

struct labels {
	Pprof__Label all[4], *list[4];
	size_t count;
};

static void add_label(struct labels *labels, int64_t key, int64_t str, int64_t num)
{
	Pprof__Label *label = &labels->all[labels->count];

	if (!str && !num)
		return;
	pprof__label__init(label);
	label->key = key;
	label->str = str;
	label->num = num;
	labels->list[labels->count++] = label;
}

static struct span find_process_name(const struct profile *profile, uint32_t pid)
{
	for (size_t i = 0; i < profile->target_count; i++)
		if (profile->targets[i].pid == pid)
			return span_basename(
			        intern_get(profile->intern, profile->targets[i].executable));
	return SPAN_LIT("");
}

static void make_labels(struct pprof *writer, const struct thread_group *group, struct labels *ret)
{
	struct thread_identity identity = thread_stacks_identity(&writer->stacks, group);

	ret->count = 0;
	add_label(ret, number_string(writer, SPAN_LIT("thread")),
	          number_string(writer, identity.name), 0);
	add_label(ret, number_string(writer, SPAN_LIT("tid")), 0, identity.tid);
	add_label(ret, number_string(writer, SPAN_LIT("process")),
	          number_string(writer, find_process_name(writer->profile, identity.pid)), 0);
	add_label(ret, number_string(writer, SPAN_LIT("pid")), 0, identity.pid);
}

/* Writes the stack that locate_path has numbered. */
static void write_pprof_sample(struct pprof *writer, const struct thread_run *run,
                               struct labels *labels)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *list = &sample;
	int64_t values[VALUES_MAX];

	sample.value = values;
	if (writer->has_samples)
		values[sample.n_value++] = clamp_int64(run->samples);
	if (writer->has_time)
		values[sample.n_value++] = multiply(run->samples, writer->period_ns);
	if (writer->has_cpu)
		values[sample.n_value++] = multiply(run->cpu_us, 1000);
	sample.n_location_id = writer->path.count;
	sample.location_id = writer->ids;
	sample.n_label = labels->count;
	sample.label = (Pprof__Label **)labels->list;
	part.n_sample = 1;
	part.sample = &list;
	write_part(writer, &part);
}

/* For a stack of the tree whose leaf has no calls: the leaf's lines are the stack's lines. */
static void write_leaf_lines(struct pprof *writer, const struct thread_run *run,
                             struct labels *labels)
{
	const struct tree *tree = writer->profile->tree;
	bool cpu = writer->profile->weight == PROFILE_CPU_US;
	uint64_t rest = thread_run_weight(&writer->stacks, run);
	struct tree_line line = tree_line_first(tree, run->stack);

	for (; line.number || rest; line = tree_line_next(tree, &line)) {
		uint64_t weight = line.number ? line.weight : rest;
		struct thread_run part = { run->stack, cpu ? 0 : weight, cpu ? weight : 0 };

		writer->path.frames[0].line = line.number;
		locate_path(writer);
		write_pprof_sample(writer, &part, labels);
		rest -= weight;
		if (!line.number)
			break;
	}
}

static void write_run(struct pprof *writer, const struct thread_run *run, struct labels *labels)
{
	const struct tree *tree = writer->profile->tree;

	thread_stacks_path(&writer->stacks, run->stack, &writer->path);
	if (writer->path.count && !writer->stacks.timeline && !tree_by_line(tree) &&
	    tree_node(tree, run->stack)->first_child == TREE_NONE) {
		write_leaf_lines(writer, run, labels);
		return;
	}
	locate_path(writer);
	write_pprof_sample(writer, run, labels);
}

static int compare_runs(const void *a, const void *b)
{
	const struct thread_run *left = a, *right = b;

	return left->stack < right->stack ? -1 : left->stack > right->stack;
}

/* Writes a thread's runs; runs of the same stack are added. With the tree alone each node has
 * one run, in the tree's order. */
static void write_thread_runs(struct pprof *writer, const struct thread_group *group)
{
	size_t count = 0;
	struct thread_run run;
	struct labels labels;

	for (size_t at = 0; thread_group_next(group, &at, &run);) {
		writer->runs = alloc_grow(writer->runs, &writer->runs_cap, count + 1, sizeof(run));
		writer->runs[count++] = run;
	}
	if (!count)
		return;
	if (writer->stacks.timeline)
		qsort(writer->runs, count, sizeof(run), compare_runs);
	make_labels(writer, group, &labels);
	for (size_t i = 0; i < count && !writer->failed;) {
		run = writer->runs[i++];
		for (; i < count && writer->runs[i].stack == run.stack; i++) {
			run.samples += writer->runs[i].samples;
			run.cpu_us += writer->runs[i].cpu_us;
		}
		write_run(writer, &run, &labels);
	}
}

static void write_type(struct pprof *writer, struct span name, struct span unit, bool of_period)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__ValueType type = PPROF__VALUE_TYPE__INIT, *list = &type;

	type.type = number_string(writer, name);
	type.unit = number_string(writer, unit);
	part.n_sample_type = !of_period;
	part.sample_type = &list;
	if (of_period)
		part.period_type = &type;
	write_part(writer, &part);
}

static void write_types(struct pprof *writer)
{
	const struct profile *profile = writer->profile;
	bool cpu = profile->weight == PROFILE_CPU_US;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	writer->has_samples = !cpu || writer->stacks.timeline;
	writer->has_time = writer->has_samples && writer->period_ns;
	writer->has_cpu = cpu || (writer->stacks.timeline && writer->stacks.timeline->with_cpu);
	if (writer->has_samples)
		write_type(writer, SPAN_LIT("samples"), SPAN_LIT("count"), false);
	if (writer->has_time)
		write_type(writer, SPAN_LIT("wall"), SPAN_LIT("nanoseconds"), false);
	if (writer->has_cpu)
		write_type(writer, SPAN_LIT("cpu"), SPAN_LIT("nanoseconds"), false);
	part.default_sample_type =
	        number_string(writer, cpu ? SPAN_LIT("cpu") : SPAN_LIT("samples"));
	part.period = clamp_int64(writer->period_ns);
	write_part(writer, &part);
	if (writer->period_ns)
		write_type(writer, SPAN_LIT("wall"), SPAN_LIT("nanoseconds"), true);
}

/* The time between two samples: as asked, or as achieved if that differs. */
static uint64_t choose_period(const struct profile_sampling *sampling)
{
	uint64_t rate = sampling->rate_mhz, got = sampling->achieved_mhz;

	if (got >= 1000 && got < rate - rate / 20)
		rate = got;
	return rate ? (1000000000000u + rate / 2) / rate : 0;
}

/* Parses "2026-03-02T08:15:11Z"; 0 for any other text. */
static int64_t parse_start_time(const struct profile *profile)
{
	struct span text = intern_get(profile->intern, profile->sampling.started);
	static const char ends[] = "--T::Z";
	uint32_t parts[6];
	struct tm tm;
	int64_t ret;

	for (size_t i = 0; i < 6; i++) {
		if (!number_take32(&text, &parts[i]) || !text.len || text.ptr[0] != ends[i] ||
		    parts[i] > 9999)
			return 0;
		text = span_skip(text, 1);
	}
	tm = (struct tm){ .tm_year = (int)parts[0] - 1900,
		          .tm_mon = (int)parts[1] - 1,
		          .tm_mday = (int)parts[2],
		          .tm_hour = (int)parts[3],
		          .tm_min = (int)parts[4],
		          .tm_sec = (int)parts[5] };
	return text.len || __builtin_mul_overflow(timegm(&tm), 1000000000, &ret) ? 0 : ret;
}

static void write_pprof_head(struct pprof *writer)
{
	const struct profile *profile = writer->profile;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	char *empty = (char *)(uintptr_t) "";
	int64_t *notes = alloc_zeroed(profile->note_count, sizeof(*notes));

	part.n_string_table = 1;
	part.string_table = &empty;
	write_part(writer, &part);
	pprof__profile__init(&part);
	write_types(writer);
	part.time_nanos = parse_start_time(profile);
	part.duration_nanos = multiply(profile->sampling.elapsed_ms, 1000000);
	for (size_t i = 0; i < profile->note_count; i++)
		notes[part.n_comment++] = number_id(writer, profile->notes[i]);
	part.comment = notes;
	write_part(writer, &part);
	/* readers take the first mapping for the program */
	if (profile->target_count)
		number_mapping(writer, profile->targets[0].executable);
	free(notes);
}

static void deinit_pprof(struct pprof *writer)
{
	thread_stacks_deinit(&writer->stacks);
	deflateEnd(&writer->zip);
	buf_deinit(&writer->packed);
	intern_destroy(writer->strings);
	function_table_deinit(&writer->functions);
	hash_index_deinit(&writer->location_index);
	free(writer->chunk);
	free(writer->mappings);
	free(writer->locations);
	free(writer->path.frames);
	free(writer->ids);
	free(writer->runs);
}

bool pprof_write(const struct profile *profile, const struct write_options *options, FILE *out,
                 struct error *err)
{
	struct pprof writer = { .profile = profile,
		                .functions = { .tree = profile->tree },
		                .out = out,
		                .period_ns = choose_period(&profile->sampling) };

	(void)options; /* a function has file and line, its name has neither */
	/* 16: gzip header and checksum, without a time */
	if (deflateInit2(&writer.zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(err, ERROR_FAILED, "cannot write the profile: out of memory");
	thread_stacks_init(&writer.stacks, profile);
	writer.chunk = alloc_zeroed(CHUNK, 1);
	writer.strings = intern_create();
	writer.mappings = alloc_zeroed(intern_count(profile->intern) + 1, sizeof(*writer.mappings));
	write_pprof_head(&writer);
	for (size_t i = 0; i < writer.stacks.count && !writer.failed; i++)
		write_thread_runs(&writer, &writer.stacks.groups[i]);
	write_packed(&writer, SPAN_LIT(""), Z_FINISH);
	deinit_pprof(&writer);
	return true;
}
