/* callgrind: the profile in callgrind's format, for KCachegrind and callgrind_annotate:
 * valgrind.org/docs/manual/cl-format.html.
 *
 * Costs are samples and microseconds of CPU, as far as known, the profile's weight first. A
 * function has its own cost by line and, for each of its calls, the call's cost. If a function
 * is on a stack several times, only the outermost call has a cost. So the cost of all calls of a
 * function is its weight in the profile, and no sample counts twice. The number of calls is
 * unknown; the file has 1. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/hash_index.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/function_table.h"
#include "merger/profile/thread_stacks.h"

struct weights {
	uint64_t samples, cpu_us;
};

/* A frame below its caller: a step of the timeline, or a node of the tree. */
struct level {
	uint32_t parent; /* 0: the root */
	uint32_t node, line, function;
	struct weights total, self;
};

/* The cost of a function's line: its own, or that of its calls of `callee`. */
struct cost {
	uint32_t function, callee, line; /* callee 0: its own cost */
	struct weights weights;
};

/* Numbers of names, from 1 on, in the order of their first use. */
struct names {
	uint32_t *numbers, last;
};

struct callgrind {
	const struct profile *profile;
	FILE *out;
	bool cpu, both; /* cpu: CPU time is the weight; both: samples and CPU time are known */
	struct thread_stacks stacks;
	struct level *levels; /* [0] is the root */
	size_t level_count;
	struct function_table functions;
	struct cost *costs;
	size_t cost_count, cost_cap;
	struct hash_index cost_index;
	/* functions_named is indexed by function, files_named by intern id, objects_named by
	 * intern id or, after those, by kind. 0: no number yet. */
	struct names functions_named, files_named, objects_named;
};

static void add_weights(struct weights *weights, const struct weights *more)
{
	weights->samples += more->samples;
	weights->cpu_us += more->cpu_us;
}

/* From a weight of the tree, which has only the profile's own unit. */
static struct weights make_weights(const struct callgrind *writer, uint64_t weight)
{
	return writer->cpu ? (struct weights){ 0, weight } : (struct weights){ weight, 0 };
}

static void add_cost(struct callgrind *writer, uint32_t function, uint32_t line, uint32_t callee,
                     const struct weights *weights)
{
	uint32_t hash, found;
	struct cost *cost;

	if (frame_has_addresses(function_table_frame(&writer->functions, function)))
		line = 0;
	hash = hash_index_hash(
	        hash_index_mix(hash_index_mix(hash_index_start(function), line), callee));
	for (size_t at = hash;
	     (found = hash_index_next(&writer->cost_index, hash, &at)) != HASH_INDEX_NONE;) {
		cost = &writer->costs[found];
		if (cost->function == function && cost->line == line && cost->callee == callee) {
			add_weights(&cost->weights, weights);
			return;
		}
	}
	hash_index_add(&writer->cost_index, hash, (uint32_t)writer->cost_count);
	writer->costs = alloc_grow(writer->costs, &writer->cost_cap, writer->cost_count + 1,
	                           sizeof(*writer->costs));
	writer->costs[writer->cost_count++] = (struct cost){ function, callee, line, *weights };
}

/* Adds the own weights of the stacks to their levels. */
static void take_selves(struct callgrind *writer)
{
	for (size_t i = 0; i < writer->stacks.count; i++) {
		struct thread_run run;

		for (size_t at = 0; thread_group_next(&writer->stacks.groups[i], &at, &run);) {
			struct weights weights = { run.samples, run.cpu_us };

			add_weights(&writer->levels[run.stack].self, &weights);
		}
	}
}

static void fill_levels_by_time(struct callgrind *writer)
{
	const struct timeline *timeline = writer->stacks.timeline;
	const struct tree *tree = writer->profile->tree;

	for (size_t i = 1; i < timeline->step_count; i++) {
		const struct timeline_step *step = &timeline->steps[i];
		struct level *level = &writer->levels[i];

		level->parent = step->parent;
		level->node = step->node;
		level->line = tree_by_line(tree) ? tree_frame(tree, step->node)->line : step->line;
		level->total = level->self;
		level->function = function_table_number(&writer->functions, level->node);
	}
	for (size_t i = timeline->step_count; i-- > 1;)
		add_weights(&writer->levels[writer->levels[i].parent].total,
		            &writer->levels[i].total);
}

static void fill_levels_by_tree(struct callgrind *writer)
{
	const struct tree *tree = writer->profile->tree;

	for (uint32_t i = tree_next(tree, TREE_ROOT, NULL); i != TREE_NONE;
	     i = tree_next(tree, i, NULL)) {
		uint64_t total = tree_node(tree, i)->total;
		struct level *level = &writer->levels[i];

		level->parent = tree_node(tree, i)->parent;
		level->node = i;
		level->line =
		        tree_by_line(tree) ? tree_frame(tree, i)->line : tree_only_line(tree, i);
		level->total = make_weights(writer, total);
		level->function = function_table_number(&writer->functions, i);
	}
}

/* Only leaves of the tree have their self weight by line. */
static void add_leaf(struct callgrind *writer, const struct level *level)
{
	const struct tree *tree = writer->profile->tree;
	struct weights rest = level->self;

	for (struct tree_line line = tree_line_first(tree, level->node); line.number;
	     line = tree_line_next(tree, &line)) {
		struct weights part = make_weights(writer, line.weight);

		add_cost(writer, level->function, line.number, 0, &part);
		rest.samples -= part.samples;
		rest.cpu_us -= part.cpu_us;
	}
	if (rest.samples || rest.cpu_us)
		add_cost(writer, level->function, 0, 0, &rest);
}

static void add_self(struct callgrind *writer, const struct level *level)
{
	const struct tree *tree = writer->profile->tree;

	if (!level->self.samples && !level->self.cpu_us)
		return;
	if (!writer->stacks.timeline && !tree_by_line(tree) &&
	    tree_node(tree, level->node)->first_child == TREE_NONE)
		add_leaf(writer, level);
	else
		add_cost(writer, level->function, level->line, 0, &level->self);
}

/* The function is not on the stack above this level. */
static bool is_outermost(const struct callgrind *writer, const struct level *level)
{
	for (uint32_t i = level->parent; i; i = writer->levels[i].parent)
		if (writer->levels[i].function == level->function)
			return false;
	return true;
}

static void add_call(struct callgrind *writer, const struct level *level)
{
	static const struct weights none = { 0, 0 };
	const struct level *caller = &writer->levels[level->parent];
	uint32_t above = tree_node(writer->profile->tree, level->node)->parent;

	if (!level->total.samples && !level->total.cpu_us)
		return;
	if (level->parent)
		add_cost(writer, caller->function, caller->line, level->function,
		         is_outermost(writer, level) ? &level->total : &none);
	else if (above != TREE_ROOT) /* a process, which has no step in a timeline */
		add_cost(writer, function_table_number(&writer->functions, above), 0,
		         level->function, &level->total);
}

static void take_costs(struct callgrind *writer)
{
	for (size_t i = 0; i < writer->level_count; i++)
		add_self(writer, &writer->levels[i]);
	for (size_t i = 1; i < writer->level_count; i++)
		add_call(writer, &writer->levels[i]);
}

/* By function; its own lines before its calls. */
static int compare_costs(const void *a, const void *b)
{
	const struct cost *left = a, *right = b;

	if (left->function != right->function)
		return left->function < right->function ? -1 : 1;
	if (left->callee != right->callee)
		return left->callee < right->callee ? -1 : 1;
	return left->line < right->line ? -1 : left->line > right->line;
}

/* "ob=(7) /usr/lib/libc.so.6" at the first use, later "ob=(7)". */
static void write_name(struct callgrind *writer, const char *key, struct names *names, size_t at,
                       struct span name)
{
	if (names->numbers[at]) {
		fprintf(writer->out, "%s=(%" PRIu32 ")\n", key, names->numbers[at]);
		return;
	}
	names->numbers[at] = ++names->last;
	fprintf(writer->out, "%s=(%" PRIu32 ") %.*s\n", key, names->last, SPAN_ARG(name));
}

/* A frame without a module gets its kind as the object. */
static void write_object(struct callgrind *writer, const char *key, const struct frame *frame)
{
	const struct intern *intern = writer->profile->intern;
	char kind[32];

	snprintf(kind, sizeof(kind), "[%s]", profile_kind_name(frame->kind));
	if (frame->module)
		write_name(writer, key, &writer->objects_named, frame->module,
		           intern_get(intern, frame->module));
	else
		write_name(writer, key, &writer->objects_named, intern_count(intern) + frame->kind,
		           span_of(kind));
}

struct keys {
	const char *object, *file, *function;
};

static void write_callgrind_function(struct callgrind *writer, const struct keys *keys,
                                     uint32_t number)
{
	const struct intern *intern = writer->profile->intern;
	const struct frame *frame = function_table_frame(&writer->functions, number);

	write_object(writer, keys->object, frame);
	write_name(writer, keys->file, &writer->files_named, frame->file,
	           frame->file ? intern_get(intern, frame->file) : SPAN_LIT("???"));
	write_name(writer, keys->function, &writer->functions_named, number,
	           frame->name ? intern_get(intern, frame->name) : SPAN_LIT("???"));
}

static void write_weights(struct callgrind *writer, const struct weights *weights)
{
	fprintf(writer->out, "%" PRIu64, writer->cpu ? weights->cpu_us : weights->samples);
	if (writer->both)
		fprintf(writer->out, " %" PRIu64, writer->cpu ? weights->samples : weights->cpu_us);
	fputc('\n', writer->out);
}

static void write_costs(struct callgrind *writer)
{
	static const struct keys own = { "ob", "fl", "fn" }, called = { "cob", "cfi", "cfn" };
	uint32_t function = 0;

	for (size_t i = 0; i < writer->cost_count; i++) {
		const struct cost *cost = &writer->costs[i];

		if (cost->function != function) {
			fputc('\n', writer->out);
			write_callgrind_function(writer, &own, cost->function);
		}
		function = cost->function;
		if (cost->callee) {
			write_callgrind_function(writer, &called, cost->callee);
			fprintf(writer->out, "calls=1 %" PRIu32 "\n",
			        function_table_frame(&writer->functions, cost->callee)->first_line);
		}
		fprintf(writer->out, "%" PRIu32 " ", cost->line);
		write_weights(writer, &cost->weights);
	}
}

static void write_command(struct callgrind *writer)
{
	const struct profile *profile = writer->profile;
	const struct profile_target *target = profile->targets;

	if (profile->target_count != 1)
		return;
	fprintf(writer->out, "pid: %" PRIu32 "\n", target->pid);
	if (!target->arg_count)
		return;
	fputs("cmd:", writer->out);
	for (size_t i = 0; i < target->arg_count; i++)
		fprintf(writer->out, " %.*s",
		        SPAN_ARG(intern_get(profile->intern, target->args[i])));
	fputc('\n', writer->out);
}

static void write_callgrind_head(struct callgrind *writer)
{
	bool cpu = writer->cpu, both = writer->both;
	struct weights sum = { 0, 0 };

	for (size_t i = 0; i < writer->level_count; i++)
		add_weights(&sum, &writer->levels[i].self);
	fputs("# callgrind format\nversion: 1\ncreator: pmp " PMP_VERSION "\n", writer->out);
	write_command(writer);
	fputs("positions: line\n", writer->out);
	if (!cpu || both)
		fputs("event: Samples : samples\n", writer->out);
	if (cpu || both)
		fputs("event: CPU_us : CPU time in microseconds\n", writer->out);
	fprintf(writer->out, "events: %s%s\nsummary: ", cpu ? "CPU_us" : "Samples",
	        !both ? ""
	        : cpu ? " Samples"
	              : " CPU_us");
	write_weights(writer, &sum);
}

static void deinit_callgrind(struct callgrind *writer)
{
	thread_stacks_deinit(&writer->stacks);
	function_table_deinit(&writer->functions);
	hash_index_deinit(&writer->cost_index);
	free(writer->levels);
	free(writer->costs);
	free(writer->functions_named.numbers);
	free(writer->files_named.numbers);
	free(writer->objects_named.numbers);
}

bool callgrind_write(const struct profile *profile, const struct write_options *options, FILE *out,
                     struct error *err)
{
	struct callgrind writer = { .profile = profile,
		                    .out = out,
		                    .functions = { .tree = profile->tree, .by_name = true } };
	size_t names = intern_count(profile->intern) + FRAME_KIND_COUNT;

	(void)options; /* a function has its full path */
	(void)err;     /* a write error shows in ferror(out) */
	thread_stacks_init(&writer.stacks, profile);
	writer.cpu = profile->weight == PROFILE_CPU_US;
	writer.both = writer.stacks.timeline && (writer.cpu || writer.stacks.timeline->with_cpu);
	writer.level_count = writer.stacks.timeline ? writer.stacks.timeline->step_count
	                                            : tree_count(profile->tree);
	writer.levels = alloc_zeroed(writer.level_count, sizeof(*writer.levels));
	writer.levels[TREE_ROOT].function = function_table_number(&writer.functions, TREE_ROOT);
	take_selves(&writer);
	if (writer.stacks.timeline)
		fill_levels_by_time(&writer);
	else
		fill_levels_by_tree(&writer);
	take_costs(&writer);
	if (writer.cost_count)
		qsort(writer.costs, writer.cost_count, sizeof(*writer.costs), compare_costs);
	writer.functions_named.numbers = alloc_zeroed(writer.functions.count + 1, sizeof(uint32_t));
	writer.files_named.numbers = alloc_zeroed(names, sizeof(uint32_t));
	writer.objects_named.numbers = alloc_zeroed(names, sizeof(uint32_t));
	write_callgrind_head(&writer);
	write_costs(&writer);
	deinit_callgrind(&writer);
	return true;
}
