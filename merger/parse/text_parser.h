/* text_parser: parses gdb's text into stacks. The text is live output of workers (with pmp's marker
 * lines) or pasted: with prompts, log prefixes, mail quoting, CRLF, wrapped lines, HTML entities,
 * with old or new thread headers, or without headers. The grammar of each kind of line is in
 * logical_lines.h, gdb_thread.h, gdb_frame.h, py_frame.h and marker.h. */
#ifndef PMP_TEXT_PARSER_H
#define PMP_TEXT_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/intern.h"
#include "merger/parse/marker.h"
#include "merger/parse/raw_stack.h"

struct text_parser;

/* Called in the order of the text. The arguments are valid during the call only. */
struct text_parser_sink {
	void (*stack)(void *ctx, const struct raw_stack *stack);
	/* All markers except maps, map, code, more, state and doing, which the parser uses itself.
	 * Those of a thread (`waits`, `local`) come before its stack, the others in their order.
	 * NULL: none. */
	void (*marker)(void *ctx, const struct marker *marker);
	void *ctx;
	/* Also wanted: `detail` of native frames, `builtin` of threads, and the markers `lock` and
	 * `crash` for what the text says itself. */
	bool details;
};

struct text_parser_counts {
	uint64_t lines;         /* before wrapped ones are joined; those in strings, too */
	uint64_t unknown_lines; /* neither used nor known as noise (gdb_noise.h) */
	uint64_t threads;       /* gdb's headers of threads */
	uint64_t traces;        /* runs of native frames */
	uint64_t frames;        /* native frames */
	uint64_t py_frames;     /* Python frames */
	uint64_t py_blocks;     /* py-bt blocks ("Traceback (most recent call first)") */
};

/* Keeps `intern`, which must live as long as the parser, and copies *sink. */
struct text_parser *text_parser_create(struct intern *intern, const struct text_parser_sink *sink);
void text_parser_destroy(struct text_parser *parser);

/* The text of one call may end anywhere. A line longer than TEXT_PARSER_LINE_MAX bytes is cut (and
 * counts as unknown if it cannot be used). A stack of more than RAW_STACK_FRAMES_MAX native
 * frames keeps the half nearest to the leaf and the half nearest to the root, with a frame named
 * "(N more frames)" in between. */
#define TEXT_PARSER_LINE_MAX (1u << 20)
void text_parser_feed(struct text_parser *parser, const char *text, size_t len);

/* The end of one input: gives out the last stack. Another input may follow. */
void text_parser_finish(struct text_parser *parser);

struct text_parser_counts text_parser_counts(const struct text_parser *parser);

#endif
