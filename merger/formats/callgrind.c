/* callgrind's format, for KCachegrind and callgrind_annotate: valgrind.org/docs/manual/cl-format.html.
 *
 * Costs are samples and microseconds of CPU, the profile's weight first, as far as both are known. A function has its
 * own cost by line, and below each of its calls what that cost. Of a function that is on a stack more than once, only
 * the outermost call has a cost: so what all calls of a function cost is what it weighs in the profile, and no sample
 * counts twice. How often a call was made nobody knows: it says once. */

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/function_table.h"
#include "merger/base/hash_index.h"
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

/* What a line of a function costs: itself, or by what it calls. */
struct cost {
	uint32_t function, callee, line; /* callee 0: itself */
	struct weights weights;
};

/* Numbers that stand for names, 1 and up, in the order of their first sight. */
struct names {
	uint32_t *numbers, last;
};

struct callgrind {
	const struct profile *profile;
	FILE *out;
	bool cpu, both; /* CPU time is the weight; samples and CPU time are known */
	struct thread_stacks stacks;
	struct level *levels; /* [0] is the root */
	size_t level_count;
	struct function_table functions;
	struct cost *costs;
	size_t cost_count, cost_cap;
	struct hash_index cost_index;
	/* By function; by intern id; by that, or behind them by kind. 0: it has no number yet. */
	struct names functions_named, files_named, objects_named;
};

static void weights_add(struct weights *weights, const struct weights *more)
{
	weights->samples += more->samples;
	weights->cpu_us += more->cpu_us;
}

/* Of what the tree tells, which is the profile's weight alone. */
static struct weights weights_of(const struct callgrind *writer, uint64_t weight)
{
	return writer->cpu ? (struct weights){ 0, weight } : (struct weights){ weight, 0 };
}

static void cost_add(struct callgrind *writer, uint32_t function, uint32_t line, uint32_t callee,
                     const struct weights *weights)
{
	uint32_t hash = hash_index_hash(
	                 hash_index_mix(hash_index_mix(hash_index_start(function), line), callee)),
	         found;
	struct cost *cost;

	for (size_t at = hash;
	     (found = hash_index_next(&writer->cost_index, hash, &at)) != HASH_INDEX_NONE;) {
		cost = &writer->costs[found];
		if (cost->function == function && cost->line == line && cost->callee == callee) {
			weights_add(&cost->weights, weights);
			return;
		}
	}
	hash_index_add(&writer->cost_index, hash, (uint32_t)writer->cost_count);
	writer->costs = alloc_grow(writer->costs, &writer->cost_cap, writer->cost_count + 1,
	                           sizeof(*writer->costs));
	writer->costs[writer->cost_count++] = (struct cost){ function, callee, line, *weights };
}

/* The stacks' own weights, in levels that the timeline's steps or the tree's nodes number. */
static void selves_take(struct callgrind *writer)
{
	for (size_t i = 0; i < writer->stacks.count; i++) {
		struct thread_run run;

		for (size_t at = 0; thread_group_next(&writer->stacks.groups[i], &at, &run);) {
			struct weights weights = { run.samples, run.cpu_us };

			weights_add(&writer->levels[run.stack].self, &weights);
		}
	}
}

static void levels_by_time(struct callgrind *writer)
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
		weights_add(&writer->levels[writer->levels[i].parent].total,
		            &writer->levels[i].total);
}

static void levels_by_tree(struct callgrind *writer)
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
		level->total = weights_of(writer, total);
		level->function = function_table_number(&writer->functions, i);
	}
}

/* A leaf of the tree has its lines for itself. */
static void leaf_add(struct callgrind *writer, const struct level *level)
{
	const struct tree *tree = writer->profile->tree;
	struct weights rest = level->self;

	for (struct tree_line line = tree_line_first(tree, level->node); line.number;
	     line = tree_line_next(tree, &line)) {
		struct weights part = weights_of(writer, line.weight);

		cost_add(writer, level->function, line.number, 0, &part);
		rest.samples -= part.samples;
		rest.cpu_us -= part.cpu_us;
	}
	if (rest.samples || rest.cpu_us)
		cost_add(writer, level->function, 0, 0, &rest);
}

static void self_add(struct callgrind *writer, const struct level *level)
{
	const struct tree *tree = writer->profile->tree;

	if (!level->self.samples && !level->self.cpu_us)
		return;
	if (!writer->stacks.timeline && !tree_by_line(tree) &&
	    tree_node(tree, level->node)->first_child == TREE_NONE)
		leaf_add(writer, level);
	else
		cost_add(writer, level->function, level->line, 0, &level->self);
}

/* The function stands nowhere above on the stack. */
static bool is_outermost(const struct callgrind *writer, const struct level *level)
{
	for (uint32_t i = level->parent; i; i = writer->levels[i].parent)
		if (writer->levels[i].function == level->function)
			return false;
	return true;
}

static void call_add(struct callgrind *writer, const struct level *level)
{
	static const struct weights none = { 0, 0 };
	const struct level *caller = &writer->levels[level->parent];
	uint32_t above = tree_node(writer->profile->tree, level->node)->parent;

	if (!level->total.samples && !level->total.cpu_us)
		return;
	if (level->parent)
		cost_add(writer, caller->function, caller->line, level->function,
		         is_outermost(writer, level) ? &level->total : &none);
	else if (above != TREE_ROOT) /* a process, which has no step in a timeline */
		cost_add(writer, function_table_number(&writer->functions, above), 0,
		         level->function, &level->total);
}

static void costs_take(struct callgrind *writer)
{
	for (size_t i = 0; i < writer->level_count; i++)
		self_add(writer, &writer->levels[i]);
	for (size_t i = 1; i < writer->level_count; i++)
		call_add(writer, &writer->levels[i]);
}

/* By function; in one, its own lines first. */
static int cost_compare(const void *a, const void *b)
{
	const struct cost *left = a, *right = b;

	if (left->function != right->function)
		return left->function < right->function ? -1 : 1;
	if (left->callee != right->callee)
		return left->callee < right->callee ? -1 : 1;
	return left->line < right->line ? -1 : left->line > right->line;
}

/* "ob=(7) /usr/lib/libc.so.6", and "ob=(7)" from the second time on. */
static void name_write(struct callgrind *writer, const char *key, struct names *names, size_t at,
                       struct span name)
{
	if (names->numbers[at]) {
		fprintf(writer->out, "%s=(%" PRIu32 ")\n", key, names->numbers[at]);
		return;
	}
	names->numbers[at] = ++names->last;
	fprintf(writer->out, "%s=(%" PRIu32 ") %.*s\n", key, names->last, SPAN_ARG(name));
}

/* What is in no file that is mapped has its kind for an object. */
static void object_write(struct callgrind *writer, const char *key, const struct frame *frame)
{
	const struct intern *intern = writer->profile->intern;
	char kind[32];

	snprintf(kind, sizeof(kind), "[%s]", profile_kind_name(frame->kind));
	if (frame->module)
		name_write(writer, key, &writer->objects_named, frame->module,
		           intern_get(intern, frame->module));
	else
		name_write(writer, key, &writer->objects_named, intern_count(intern) + frame->kind,
		           span_of(kind));
}

struct keys {
	const char *object, *file, *function;
};

static void function_write(struct callgrind *writer, const struct keys *keys, uint32_t number)
{
	const struct intern *intern = writer->profile->intern;
	const struct frame *frame = function_table_frame(&writer->functions, number);

	object_write(writer, keys->object, frame);
	name_write(writer, keys->file, &writer->files_named, frame->file,
	           frame->file ? intern_get(intern, frame->file) : SPAN_LIT("???"));
	name_write(writer, keys->function, &writer->functions_named, number,
	           frame->name ? intern_get(intern, frame->name) : SPAN_LIT("???"));
}

static void weights_write(struct callgrind *writer, const struct weights *weights)
{
	fprintf(writer->out, "%" PRIu64, writer->cpu ? weights->cpu_us : weights->samples);
	if (writer->both)
		fprintf(writer->out, " %" PRIu64, writer->cpu ? weights->samples : weights->cpu_us);
	fputc('\n', writer->out);
}

static void costs_write(struct callgrind *writer)
{
	static const struct keys own = { "ob", "fl", "fn" }, called = { "cob", "cfi", "cfn" };
	uint32_t function = 0;

	for (size_t i = 0; i < writer->cost_count; i++) {
		const struct cost *cost = &writer->costs[i];

		if (cost->function != function) {
			fputc('\n', writer->out);
			function_write(writer, &own, cost->function);
		}
		function = cost->function;
		if (cost->callee) {
			function_write(writer, &called, cost->callee);
			fprintf(writer->out, "calls=1 %" PRIu32 "\n",
			        function_table_frame(&writer->functions, cost->callee)->first_line);
		}
		fprintf(writer->out, "%" PRIu32 " ", cost->line);
		weights_write(writer, &cost->weights);
	}
}

static void target_write(struct callgrind *writer)
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

static void head_write(struct callgrind *writer)
{
	bool cpu = writer->cpu, both = writer->both;
	struct weights sum = { 0, 0 };

	for (size_t i = 0; i < writer->level_count; i++)
		weights_add(&sum, &writer->levels[i].self);
	fputs("# callgrind format\nversion: 1\ncreator: pmp " PMP_VERSION "\n", writer->out);
	target_write(writer);
	fputs("positions: line\n", writer->out);
	if (!cpu || both)
		fputs("event: Samples : samples\n", writer->out);
	if (cpu || both)
		fputs("event: CPU_us : CPU time in microseconds\n", writer->out);
	fprintf(writer->out, "events: %s%s\nsummary: ", cpu ? "CPU_us" : "Samples",
	        !both ? ""
	        : cpu ? " Samples"
	              : " CPU_us");
	weights_write(writer, &sum);
}

static void callgrind_deinit(struct callgrind *writer)
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

bool callgrind_write(const struct profile *profile, const struct write_options *view, FILE *out,
                     struct error *err)
{
	struct callgrind writer = { .profile = profile,
		                    .out = out,
		                    .functions = { .tree = profile->tree, .by_name = true } };
	size_t names = intern_count(profile->intern) + FRAME_KIND_COUNT;

	(void)view; /* a function has its file whole */
	(void)err;  /* a write error shows in ferror(out) */
	thread_stacks_init(&writer.stacks, profile);
	writer.cpu = profile->weight == PROFILE_CPU_US;
	writer.both = writer.stacks.timeline && (writer.cpu || writer.stacks.timeline->with_cpu);
	writer.level_count = writer.stacks.timeline ? writer.stacks.timeline->step_count
	                                            : tree_count(profile->tree);
	writer.levels = alloc_zeroed(writer.level_count, sizeof(*writer.levels));
	writer.levels[TREE_ROOT].function = function_table_number(&writer.functions, TREE_ROOT);
	selves_take(&writer);
	if (writer.stacks.timeline)
		levels_by_time(&writer);
	else
		levels_by_tree(&writer);
	costs_take(&writer);
	if (writer.cost_count)
		qsort(writer.costs, writer.cost_count, sizeof(*writer.costs), cost_compare);
	writer.functions_named.numbers = alloc_zeroed(writer.functions.count + 1, sizeof(uint32_t));
	writer.files_named.numbers = alloc_zeroed(names, sizeof(uint32_t));
	writer.objects_named.numbers = alloc_zeroed(names, sizeof(uint32_t));
	head_write(&writer);
	costs_write(&writer);
	callgrind_deinit(&writer);
	return true;
}
