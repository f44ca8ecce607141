/* dump_counts [-f] FILE...: what the text parser finds in texts, for tests/program/test_corpus.py.
 * One line a file: its name, and the number of threads, traces, frames, py-bt-full frames, py-bt
 * blocks, stacks, lines and unknown lines. With -f, the frames of each stack as well. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merger/parse/text_parser.h"

struct totals {
	const struct intern *intern;
	bool frames;
	uint64_t stacks, full;
};

static void print_text(const char *key, struct span text)
{
	printf("\t%s=%.*s", key, SPAN_ARG(text));
}

static void take_stack(void *ctx, const struct raw_stack *stack)
{
	struct totals *totals = ctx;

	totals->stacks++;
	for (size_t i = 0; i < stack->py_count; i++)
		totals->full += stack->py[i].native_number != RAW_STACK_NO_NUMBER;
	if (!totals->frames)
		return;
	printf("stack\ttid=%u\tpid=%u", stack->thread.tid, stack->thread.pid);
	print_text("name", intern_get(totals->intern, stack->thread.name));
	print_text("lost", intern_get(totals->intern, stack->lost));
	putchar('\n');
	for (size_t i = 0; i < stack->native_count; i++) {
		const struct native_frame *frame = &stack->native[i];

		printf("frame\t%u\taddr=%d:%#llx", frame->number, frame->has_addr,
		       (unsigned long long)frame->addr);
		print_text("name", intern_get(totals->intern, frame->name));
		print_text("file", intern_get(totals->intern, frame->file));
		printf("\tline=%u", frame->line);
		print_text("module", intern_get(totals->intern, frame->module));
		printf("\tpy=%u\n", frame->py_count);
	}
	for (size_t i = 0; i < stack->py_count; i++) {
		printf("python\t%s", i < stack->loose_first ? "owned" : "loose");
		print_text("name", intern_get(totals->intern, stack->py[i].name));
		print_text("file", intern_get(totals->intern, stack->py[i].file));
		printf("\tline=%u\n", stack->py[i].line);
	}
}

static bool feed_file(struct text_parser *parser, const char *name)
{
	/* an odd size, so that chunks end anywhere in a line */
	char chunk[4093];
	FILE *in = fopen(name, "rb");
	size_t len;

	if (!in) {
		perror(name);
		return false;
	}
	while ((len = fread(chunk, 1, sizeof(chunk), in)) > 0)
		text_parser_feed(parser, chunk, len);
	text_parser_finish(parser);
	fclose(in);
	return true;
}

int main(int argc, char **argv)
{
	bool frames = argc > 1 && strcmp(argv[1], "-f") == 0;

	for (int i = 1 + frames; i < argc; i++) {
		struct intern *intern = intern_create();
		struct totals totals = { .intern = intern, .frames = frames };
		struct text_parser_sink sink = { .stack = take_stack, .ctx = &totals };
		struct text_parser *parser = text_parser_create(intern, &sink);
		struct text_parser_counts counts;

		if (!feed_file(parser, argv[i]))
			return 1;
		counts = text_parser_counts(parser);
		printf("%s\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\n", argv[i],
		       (unsigned long long)counts.threads, (unsigned long long)counts.traces,
		       (unsigned long long)counts.frames, (unsigned long long)totals.full,
		       (unsigned long long)counts.py_blocks, (unsigned long long)totals.stacks,
		       (unsigned long long)counts.lines, (unsigned long long)counts.unknown_lines);
		text_parser_destroy(parser);
		intern_destroy(intern);
	}
	return 0;
}
