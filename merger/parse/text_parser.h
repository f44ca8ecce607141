/* text_parser: text that gdb printed -> stacks. Takes the text as it comes: live from workers (with
 * pmp's marker lines) or pasted by people: prompts, log prefixes, mail quoting, CRLF, wrapped
 * lines, HTML entities, old and new thread headers, or none. The grammar of each kind of line is in
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

/* Called in the order of the text. What the arguments point to is valid during the call only. */
struct text_parser_sink {
	void (*stack)(void *ctx, const struct raw_stack *stack);
	/* Every marker but those that dump itself uses (map, code, state, doing). `waits` and
	 * `local`, of a thread, come before its stack, the others in their order. */
	void (*marker)(void *ctx, const struct marker *marker);
	void *ctx;
};

struct text_parser_counts {
	uint64_t lines; /* as in the input, before wrapped ones are joined */
	uint64_t
	        unknown_lines; /* lines of which dump made nothing, and that are not known chatter */
	uint64_t threads;      /* thread headers */
	uint64_t traces;       /* runs of native frames */
	uint64_t frames;       /* native frames */
	uint64_t py_frames;    /* Python frames */
	uint64_t py_blocks;    /* py-bt blocks ("Traceback (most recent call first)") */
};

/* The dump borrows both; they must outlive it. */
struct text_parser *text_parser_create(struct intern *intern, const struct text_parser_sink *sink);
void text_parser_destroy(struct text_parser *dump);

/* Text may be cut anywhere. A line longer than TEXT_PARSER_LINE_MAX is cut there (and counted
 * unknown if nothing comes of it). A stack of more than RAW_STACK_FRAMES_MAX frames keeps the
 * leaf's, and says so by a last frame named "(N more frames)". */
#define TEXT_PARSER_LINE_MAX (1u << 20)
void text_parser_feed(struct text_parser *dump, const char *text, size_t len);

/* The end of one input: gives out what is held back. The dump is ready for the next input. */
void text_parser_finish(struct text_parser *dump);

struct text_parser_counts text_parser_counts(const struct text_parser *dump);

#endif
