/* pprof's format, for `go tool pprof` and what else reads it: protobuf (pprof.proto says whose), packed by gzip.
 *
 * Values are the samples, their time where the rate is known, and CPU time where the profile tells it. A frame is
 * a location of its own for each of its lines. With a timeline (thread_stacks.h) each stack has the lines in which
 * it was; the tree alone knows them one level at a time: there a frame has its line if it had but one, or calls
 * nothing, and otherwise none.
 *
 * Protobuf lets a message come in parts that follow each other, so that none is ever whole in memory. */

#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "merger/base/alloc.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/function_table.h"
#include "merger/base/hash_index.h"
#include "pprof.pb-c.h"
#include "merger/profile/thread_stacks.h"

#define CHUNK ((size_t)64 << 10)
#define VALUES_MAX 3

/* A number and what it is of; numbers are 1 and up, in the order of the array. */
struct place {
	uint32_t of, line;
};

struct pprof {
	const struct profile *profile;
	struct thread_stacks stacks;
	FILE *out;
	z_stream zip;
	bool failed; /* nothing is written any more */
	struct buf packed;
	unsigned char *chunk;
	struct intern *strings; /* the string table; the first `string_count` are written */
	uint32_t *mappings; /* by the profile's intern id of a module: 1 and up, 0: not written */
	uint32_t mapping_count;
	struct function_table functions;
	struct place *locations; /* of: a function; in two mappings it is two functions */
	size_t location_count, location_cap;
	struct hash_index location_index;
	bool counted, timed, burnt; /* which values there are: samples, their time, CPU */
	uint64_t period_ns;
	struct thread_frames path;
	uint64_t *ids; /* of the path's locations */
	size_t ids_cap;
	struct thread_run *runs;
	size_t runs_cap;
};

static int64_t limited(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static int64_t times(uint64_t number, uint64_t factor)
{
	uint64_t ret;

	return __builtin_mul_overflow(number, factor, &ret) ? INT64_MAX : limited(ret);
}

/* Packs the bytes; with Z_FINISH also what is left. */
static void bytes_write(struct pprof *writer, struct span bytes, int flush)
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

static void part_write(struct pprof *writer, const Pprof__Profile *part)
{
	size_t len = pprof__profile__get_packed_size(part);
	struct span bytes;

	if (writer->failed || len > UINT32_MAX)
		return;
	buf_clear(&writer->packed);
	pprof__profile__pack(part, (uint8_t *)buf_reserve(&writer->packed, len));
	bytes = (struct span){ writer->packed.ptr, len };
	bytes_write(writer, bytes, Z_NO_FLUSH);
}

static int64_t string_number(struct pprof *writer, struct span text)
{
	size_t count = intern_count(writer->strings);
	uint32_t ret = intern_add(writer->strings, text);

	if (intern_count(writer->strings) > count) {
		char *string = (char *)(uintptr_t)intern_get(writer->strings, ret).ptr;
		Pprof__Profile part = PPROF__PROFILE__INIT;

		part.n_string_table = 1;
		part.string_table = &string;
		part_write(writer, &part);
	}
	return ret;
}

static int64_t id_number(struct pprof *writer, uint32_t id)
{
	return string_number(writer, intern_get(writer->profile->intern, id));
}

static uint32_t mapping_number(struct pprof *writer, uint32_t module)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *list = &mapping;

	if (!module || writer->mappings[module])
		return module ? writer->mappings[module] : 0;
	mapping.id = writer->mappings[module] = ++writer->mapping_count;
	mapping.filename = id_number(writer, module);
	mapping.build_id = id_number(writer, profile_build_id(writer->profile, module));
	/* nobody need look for symbols */
	mapping.has_functions = mapping.has_filenames = true;
	mapping.has_line_numbers = mapping.has_inline_frames = true;
	part.n_mapping = 1;
	part.mapping = &list;
	part_write(writer, &part);
	return writer->mappings[module];
}

static void function_write(struct pprof *writer, const struct frame *frame)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Function function = PPROF__FUNCTION__INIT, *list = &function;

	function.id = writer->functions.count;
	function.name = frame->name ? id_number(writer, frame->name)
	                            : string_number(writer, SPAN_LIT("??"));
	function.filename = id_number(writer, frame->file);
	function.start_line = frame->first_line;
	part.n_function = 1;
	part.function = &list;
	part_write(writer, &part);
}

static uint32_t function_number(struct pprof *writer, uint32_t node)
{
	size_t count = writer->functions.count;
	uint32_t ret = function_table_number(&writer->functions, node);

	if (writer->functions.count > count)
		function_write(writer, tree_frame(writer->profile->tree, node));
	return ret;
}

static void location_write(struct pprof *writer, uint32_t mapping, struct place place)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Location location = PPROF__LOCATION__INIT, *list = &location;
	Pprof__Line line = PPROF__LINE__INIT, *lines = &line;

	line.function_id = place.of;
	line.line = place.line;
	location.id = writer->location_count;
	location.mapping_id = mapping;
	location.n_line = 1;
	location.line = &lines;
	part.n_location = 1;
	part.location = &list;
	part_write(writer, &part);
}

static uint32_t location_number(struct pprof *writer, struct thread_frame at)
{
	const struct frame *frame = tree_frame(writer->profile->tree, at.node);
	struct place place = { function_number(writer, at.node), at.line };
	uint32_t hash = hash_index_hash(hash_index_mix(hash_index_start(place.of), place.line)),
	         found;

	for (size_t i = hash;
	     (found = hash_index_next(&writer->location_index, hash, &i)) != HASH_INDEX_NONE;)
		if (writer->locations[found - 1].of == place.of &&
		    writer->locations[found - 1].line == place.line)
			return found;
	writer->locations = alloc_grow(writer->locations, &writer->location_cap,
	                               writer->location_count + 1, sizeof(*writer->locations));
	writer->locations[writer->location_count++] = place;
	hash_index_add(&writer->location_index, hash, (uint32_t)writer->location_count);
	location_write(writer, mapping_number(writer, frame->module), place);
	return (uint32_t)writer->location_count;
}

static void path_locate(struct pprof *writer)
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
		writer->ids[i] = location_number(writer, at);
	}
}

struct labels {
	Pprof__Label all[4], *list[4];
	size_t count;
};

static void label_add_to(struct labels *labels, int64_t key, int64_t str, int64_t num)
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

static struct span process_name(const struct profile *profile, uint32_t pid)
{
	for (size_t i = 0; i < profile->target_count; i++)
		if (profile->targets[i].pid == pid)
			return span_basename(
			        intern_get(profile->intern, profile->targets[i].executable));
	return SPAN_LIT("");
}

static void labels_make(struct pprof *writer, const struct thread_group *group, struct labels *ret)
{
	struct thread_identity who = thread_stacks_identity(&writer->stacks, group);

	ret->count = 0;
	label_add_to(ret, string_number(writer, SPAN_LIT("thread")),
	             string_number(writer, who.name), 0);
	label_add_to(ret, string_number(writer, SPAN_LIT("tid")), 0, who.tid);
	label_add_to(ret, string_number(writer, SPAN_LIT("process")),
	             string_number(writer, process_name(writer->profile, who.pid)), 0);
	label_add_to(ret, string_number(writer, SPAN_LIT("pid")), 0, who.pid);
}

/* Of the stack that path_locate has numbered. */
static void sample_write(struct pprof *writer, const struct thread_run *run, struct labels *labels)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *list = &sample;
	int64_t values[VALUES_MAX];

	sample.value = values;
	if (writer->counted)
		values[sample.n_value++] = limited(run->samples);
	if (writer->timed)
		values[sample.n_value++] = times(run->samples, writer->period_ns);
	if (writer->burnt)
		values[sample.n_value++] = times(run->cpu_us, 1000);
	sample.n_location_id = writer->path.count;
	sample.location_id = writer->ids;
	sample.n_label = labels->count;
	sample.label = (Pprof__Label **)labels->list;
	part.n_sample = 1;
	part.sample = &list;
	part_write(writer, &part);
}

/* A stack of the tree whose leaf calls nothing: the leaf's lines are the stack's. */
static void lines_write(struct pprof *writer, const struct thread_run *run, struct labels *labels)
{
	const struct tree *tree = writer->profile->tree;
	bool cpu = writer->profile->weight == PROFILE_CPU_US;
	uint64_t rest = thread_run_weight(&writer->stacks, run);
	struct tree_line line = tree_line_first(tree, run->stack);

	for (; line.number || rest; line = tree_line_next(tree, &line)) {
		uint64_t weight = line.number ? line.weight : rest;
		struct thread_run part = { run->stack, cpu ? 0 : weight, cpu ? weight : 0 };

		writer->path.frames[0].line = line.number;
		path_locate(writer);
		sample_write(writer, &part, labels);
		rest -= weight;
		if (!line.number)
			break;
	}
}

static void run_write(struct pprof *writer, const struct thread_run *run, struct labels *labels)
{
	const struct tree *tree = writer->profile->tree;

	thread_stacks_path(&writer->stacks, run->stack, &writer->path);
	if (writer->path.count && !writer->stacks.timeline && !tree_by_line(tree) &&
	    tree_node(tree, run->stack)->first_child == TREE_NONE) {
		lines_write(writer, run, labels);
		return;
	}
	path_locate(writer);
	sample_write(writer, run, labels);
}

static int run_compare(const void *a, const void *b)
{
	const struct thread_run *left = a, *right = b;

	return left->stack < right->stack ? -1 : left->stack > right->stack;
}

/* A thread's runs, those of the same stack added up. Of the tree's nodes each has but one, in the tree's order. */
static void group_write(struct pprof *writer, const struct thread_group *group)
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
		qsort(writer->runs, count, sizeof(run), run_compare);
	labels_make(writer, group, &labels);
	for (size_t i = 0; i < count && !writer->failed;) {
		run = writer->runs[i++];
		for (; i < count && writer->runs[i].stack == run.stack; i++) {
			run.samples += writer->runs[i].samples;
			run.cpu_us += writer->runs[i].cpu_us;
		}
		run_write(writer, &run, &labels);
	}
}

static void type_write(struct pprof *writer, struct span name, struct span unit, bool of_period)
{
	Pprof__Profile part = PPROF__PROFILE__INIT;
	Pprof__ValueType type = PPROF__VALUE_TYPE__INIT, *list = &type;

	type.type = string_number(writer, name);
	type.unit = string_number(writer, unit);
	part.n_sample_type = !of_period;
	part.sample_type = &list;
	if (of_period)
		part.period_type = &type;
	part_write(writer, &part);
}

static void types_write(struct pprof *writer)
{
	const struct profile *profile = writer->profile;
	bool cpu = profile->weight == PROFILE_CPU_US;
	Pprof__Profile part = PPROF__PROFILE__INIT;

	writer->counted = !cpu || writer->stacks.timeline;
	writer->timed = writer->counted && writer->period_ns;
	writer->burnt = cpu || (writer->stacks.timeline && writer->stacks.timeline->with_cpu);
	if (writer->counted)
		type_write(writer, SPAN_LIT("samples"), SPAN_LIT("count"), false);
	if (writer->timed)
		type_write(writer, SPAN_LIT("wall"), SPAN_LIT("nanoseconds"), false);
	if (writer->burnt)
		type_write(writer, SPAN_LIT("cpu"), SPAN_LIT("nanoseconds"), false);
	part.default_sample_type =
	        string_number(writer, cpu ? SPAN_LIT("cpu") : SPAN_LIT("samples"));
	part.period = limited(writer->period_ns);
	part_write(writer, &part);
	if (writer->period_ns)
		type_write(writer, SPAN_LIT("wall"), SPAN_LIT("nanoseconds"), true);
}

/* From one sample to the next: as it was asked, or as it came to be if that is something else. */
static uint64_t period_of(const struct profile_sampling *sampling)
{
	uint64_t rate = sampling->rate_mhz, got = sampling->achieved_mhz;

	if (got >= 1000 && got < rate - rate / 20)
		rate = got;
	return rate ? (1000000000000u + rate / 2) / rate : 0;
}

/* "2026-03-02T08:15:11Z"; 0 if it is anything else. */
static int64_t started_of(const struct profile *profile)
{
	const char *text = intern_get(profile->intern, profile->sampling.started).ptr;
	struct tm tm = { 0 };
	const char *end =
	        profile->sampling.started ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
	int64_t ret;

	return !end || *end || __builtin_mul_overflow(timegm(&tm), 1000000000, &ret) ? 0 : ret;
}

static void head_write(struct pprof *writer)
{
	const struct profile *profile = writer->profile;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	char *empty = (char *)(uintptr_t) "";
	int64_t *notes = alloc_zeroed(profile->note_count, sizeof(*notes));

	part.n_string_table = 1;
	part.string_table = &empty;
	part_write(writer, &part);
	pprof__profile__init(&part);
	types_write(writer);
	part.time_nanos = started_of(profile);
	part.duration_nanos = times(profile->sampling.elapsed_ms, 1000000);
	for (size_t i = 0; i < profile->note_count; i++)
		notes[part.n_comment++] = id_number(writer, profile->notes[i]);
	part.comment = notes;
	part_write(writer, &part);
	/* the first mapping is the program, for readers */
	if (profile->target_count)
		mapping_number(writer, profile->targets[0].executable);
	free(notes);
}

static void pprof_deinit(struct pprof *writer)
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

bool pprof_write(const struct profile *profile, const struct write_options *view, FILE *out,
                 struct error *err)
{
	struct pprof writer = { .profile = profile,
		                .functions = { .tree = profile->tree },
		                .out = out,
		                .period_ns = period_of(&profile->sampling) };

	(void)view; /* a function has its file and its line, and its name none of them */
	/* 16: gzip's head and sum, without a time */
	if (deflateInit2(&writer.zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
	                 Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(err, ERROR_FAILED, "cannot write the profile: out of memory");
	thread_stacks_init(&writer.stacks, profile);
	writer.chunk = alloc_zeroed(CHUNK, 1);
	writer.strings = intern_create();
	writer.mappings = alloc_zeroed(intern_count(profile->intern) + 1, sizeof(*writer.mappings));
	head_write(&writer);
	for (size_t i = 0; i < writer.stacks.count && !writer.failed; i++)
		group_write(&writer, &writer.stacks.groups[i]);
	bytes_write(&writer, SPAN_LIT(""), Z_FINISH);
	pprof_deinit(&writer);
	return true;
}
