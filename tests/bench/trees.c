/* Times the call tree, its writers and its readers: trees [NODES]. Prints lines "NAME FIGURE":
 *
 *	stacks_per_s	stacks of DEPTH frames added per second; DISTINCT are different
 *	bytes_a_node	heap memory of that tree
 *	FORMAT_write, FORMAT_read	MB/s for a profile of about NODES nodes
 *	yaml_write_ratio, yaml_read_ratio	time, divided by libyaml's for the same events */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yaml.h>
#include "merger/base/error.h"
#include "merger/formats/format.h"
#include "merger/profile/profile.h"

#define DEPTH 30
#define DISTINCT 100000
#define ADDS 1000000
#define NAMES 2000

static double read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t draw_number(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % below);
}

static uint32_t make_name(struct intern *intern, const char *stem, uint32_t number)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%s_%u", stem, number);

	return intern_add(intern, (struct span){ text, (size_t)len });
}

/* The functions of all stacks. */
static struct frame *make_frames(struct intern *intern)
{
	struct frame *frames = malloc(sizeof(*frames) * NAMES);

	for (uint32_t i = 0; i < NAMES; i++)
		frames[i] = (struct frame){ .name = make_name(intern, "function", i),
			                    .file = make_name(intern, "/srv/app/module.py", 0),
			                    .first_line = i + 1,
			                    .line = i + 5,
			                    .kind = FRAME_PYTHON };
	return frames;
}

/* The first ten levels are the same in all stacks, as in real programs. The levels below have more
 * and more functions to choose from. */
static void make_stack(uint32_t number, uint16_t *stack)
{
	uint64_t state = number + 1;

	for (uint16_t i = 0; i < DEPTH; i++)
		stack[i] = i < 10 ? i : (uint16_t)draw_number(&state, i < 20 ? 3 : NAMES);
}

/* Builds a stack's frames right before it adds them, as the merger does. Stored frames would take
 * 72 MB, and reading them in random order would take longer than the tree. */
static void add_stack(struct tree *tree, const struct frame *frames, const uint16_t *stack)
{
	struct frame path[DEPTH];

	for (size_t i = 0; i < DEPTH; i++)
		path[i] = frames[stack[i]];
	tree_add(tree, path, DEPTH, 1);
}

static void time_tree(void)
{
	uint16_t(*stacks)[DEPTH] = malloc(sizeof(*stacks) * DISTINCT);
	struct intern *intern = intern_create();
	struct frame *frames = make_frames(intern);
	struct mallinfo2 before, after;
	struct tree *tree;
	uint64_t state = 1;
	double begin;

	for (uint32_t i = 0; i < DISTINCT; i++)
		make_stack(i, stacks[i]);
	before = mallinfo2();
	tree = tree_create(false);
	for (uint32_t i = 0; i < DISTINCT; i++)
		add_stack(tree, frames, stacks[i]);
	begin = read_clock();
	for (uint32_t i = 0; i < ADDS; i++)
		add_stack(tree, frames, stacks[draw_number(&state, DISTINCT)]);
	printf("stacks_per_s %.0f\n", ADDS / (read_clock() - begin));
	after = mallinfo2();
	printf("bytes_a_node %.1f\n",
	       (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
	               (double)tree_count(tree));
	tree_destroy(tree);
	intern_destroy(intern);
	free(frames);
	free(stacks);
}

static struct profile *make_profile(size_t nodes)
{
	struct profile *profile = profile_create(false);
	struct frame *frames = make_frames(profile->intern);
	uint16_t stack[DEPTH];

	for (uint32_t i = 0; tree_count(profile->tree) < nodes; i++) {
		make_stack(i, stack);
		add_stack(profile->tree, frames, stack);
		profile->marks[QUALITY_MERGED]++;
	}
	free(frames);
	profile_sort(profile);
	return profile;
}

/* The times of libyaml alone for the events of a document. */
static void time_libyaml(struct span text, double *read, double *write)
{
	yaml_parser_t parser;
	yaml_emitter_t emitter;
	yaml_event_t *events = NULL;
	size_t count = 0, cap = 0;
	FILE *null = fopen("/dev/null", "w");
	double begin = read_clock();

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
	do {
		if (count == cap)
			events = realloc(events, sizeof(*events) * (cap = cap ? 2 * cap : 1 << 16));
		if (!yaml_parser_parse(&parser, &events[count]))
			exit(1);
	} while (events[count++].type != YAML_STREAM_END_EVENT);
	yaml_parser_delete(&parser);
	*read = read_clock() - begin;
	yaml_emitter_initialize(&emitter);
	yaml_emitter_set_output_file(&emitter, null);
	yaml_emitter_set_unicode(&emitter, 1);
	begin = read_clock();
	for (size_t i = 0; i < count; i++)
		if (!yaml_emitter_emit(&emitter, &events[i]))
			exit(1);
	yaml_emitter_delete(&emitter);
	*write = read_clock() - begin;
	fclose(null);
	free(events);
}

/* Returns the time in seconds. */
static double write_to(FILE *out, const struct format *format, const struct profile *profile)
{
	const struct write_options options = { .full_paths = true };
	struct error err = { 0 };
	double begin = read_clock();

	if (!format->write(profile, &options, out, &err) || fclose(out))
		exit(1);
	return read_clock() - begin;
}

static void time_format(const char *name, const struct profile *profile)
{
	const struct format *format = format_by_name(span_of(name));
	struct error err = { 0 };
	char *text = NULL;
	size_t len = 0;
	double begin, wrote, has_read;
	struct profile *again;

	write_to(open_memstream(&text, &len), format, profile);
	wrote = write_to(fopen("/dev/null", "w"), format, profile); /* as for libyaml below */
	begin = read_clock();
	again = format->read((struct span){ text, len }, name, &err);
	if (!again)
		exit(1);
	has_read = read_clock() - begin;
	printf("%s_write %.1f\n%s_read %.1f\n", name, (double)len / 1e6 / wrote, name,
	       (double)len / 1e6 / has_read);
	if (!strcmp(name, "yaml")) {
		double bare_read, bare_write;

		time_libyaml((struct span){ text, len }, &bare_read, &bare_write);
		printf("yaml_write_ratio %.2f\nyaml_read_ratio %.2f\n", wrote / bare_write,
		       has_read / bare_read);
	}
	profile_destroy(again);
	free(text);
}

int main(int argc, char **argv)
{
	struct profile *profile;

	time_tree();
	profile = make_profile(argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000);
	time_format("collapsed", profile);
	time_format("yaml", profile);
	time_format("json", profile);
	profile_destroy(profile);
	return 0;
}
