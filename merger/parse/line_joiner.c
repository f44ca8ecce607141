#include "merger/parse/line_joiner.h"

#include <ctype.h>

#include "merger/parse/gdb_thread.h"
#include "merger/parse/marker.h"
#include "merger/parse/py_frame.h"

/* Limits on joining wrapped lines, so that a frame whose argument list never closes takes linear
 * time: at most JOIN_MAX lines and JOIN_BYTES bytes are joined, and after JOIN_WORK bytes of
 * scanning no byte is scanned more than JOIN_SCANS times on average. */
#define JOIN_MAX 2000
#define JOIN_BYTES (1u << 20)
#define JOIN_SCANS 64
#define JOIN_WORK (64u << 10)

void line_joiner_deinit(struct line_joiner *joiner)
{
	buf_deinit(&joiner->joined);
}

enum line_kind line_joiner_kind(struct span text)
{
	if (!text.len)
		return LINE_BLANK;
	switch (text.ptr[0]) {
	case '#':
		if (py_frame_starts_numbered(text))
			return LINE_PY_FRAME;
		return gdb_frame_starts(text) ? LINE_FRAME : LINE_TEXT;
	case 'T':
	case 't':
	case 'S':
	case '[':
		return gdb_thread_starts(text) ? LINE_THREAD : LINE_TEXT;
	case 'F':
		return py_frame_starts_file(text) ? LINE_PY_FILE : LINE_TEXT;
	case '~':
		return span_starts(text, SPAN_LIT(MARKER_PREFIX)) ? LINE_MARKER : LINE_TEXT;
	}
	return LINE_TEXT;
}

/* "name = value": a local variable of "bt full". Arguments have no blanks around '='. */
bool line_joiner_is_variable(struct span text)
{
	size_t i = 0;

	while (i < text.len && (isalnum((unsigned char)text.ptr[i]) || text.ptr[i] == '_'))
		i++;
	return i > 0 && span_starts(span_skip(text, i), SPAN_LIT(" = "));
}

static bool ends_in_word(struct span text, struct span word)
{
	text = span_trim(text);
	return span_ends(text, word) && text.len > word.len &&
	       text.ptr[text.len - word.len - 1] == ' ';
}

static bool begins_place(struct span text)
{
	if (span_starts(text, SPAN_LIT("from ")) || span_starts(text, SPAN_LIT("at ")) ||
	    span_eq(text, SPAN_LIT("at")) || span_eq(text, SPAN_LIT("from")))
		return true;
	/* Mailers lose the blank: "at/home/x.c:12", "atx/y.c:12". */
	return span_starts(text, SPAN_LIT("at")) && !memchr(text.ptr, ' ', text.len) &&
	       memchr(text.ptr, ':', text.len) && isdigit((unsigned char)text.ptr[text.len - 1]);
}

/* "syscall-template.S:81": the end of a path that was wrapped. */
static bool is_path_end(struct span text)
{
	return !memchr(text.ptr, ' ', text.len) && memchr(text.ptr, ':', text.len) &&
	       isdigit((unsigned char)text.ptr[text.len - 1]);
}

static enum gdb_frame_state get_state(struct line_joiner *joiner)
{
	if (!joiner->state_known) {
		joiner->state = gdb_frame_state(joiner->line.text);
		joiner->state_known = true;
		joiner->work += joiner->line.text.len;
	}
	return joiner->state;
}

/* True if appending text to a frame cannot change its state: it is in the arguments and text has no
 * brackets or quotes. */
static bool keeps_state(enum gdb_frame_state state, struct span text)
{
	if (state != GDB_FRAME_ARGS && state != GDB_FRAME_NESTED)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (memchr("()[]{}<>\"'\\", text.ptr[i], 11))
			return false;
	return true;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || span_has(SPAN_LIT("_:$~"), c);
}

/* True if the end of the one and the start of the other may be one word. */
static bool splits_word(struct span have, struct span text)
{
	return have.len && is_name_byte(have.ptr[have.len - 1]) && is_name_byte(text.ptr[0]) &&
	       !ends_in_word(have, SPAN_LIT("in")) && !ends_in_word(have, SPAN_LIT("at")) &&
	       !ends_in_word(have, SPAN_LIT("from"));
}

static bool frame_continues(struct line_joiner *joiner, struct span text)
{
	struct span frame = joiner->line.text;

	switch (get_state(joiner)) {
	case GDB_FRAME_NAME:
		return text.ptr[0] == '(' || begins_place(text) ||
		       ends_in_word(frame, SPAN_LIT("in")) ||
		       (joiner->tight && splits_word(frame, text));
	case GDB_FRAME_ARGS:
		return !line_joiner_is_variable(text);
	case GDB_FRAME_NESTED:
		return true;
	case GDB_FRAME_CLOSED:
		return begins_place(text) || text.ptr[0] == '(' ||
		       span_starts(text, SPAN_LIT("const ("));
	case GDB_FRAME_PLACE:
		return ends_in_word(frame, SPAN_LIT("at")) ||
		       ends_in_word(frame, SPAN_LIT("from")) || is_path_end(text);
	case GDB_FRAME_DONE:
		break;
	}
	return false;
}

static bool continues(struct line_joiner *joiner, struct span text)
{
	struct span have = joiner->line.text;
	struct gdb_thread thread;

	if (!joiner->valid || !text.len || joiner->line.count > JOIN_MAX || have.len > JOIN_BYTES ||
	    joiner->work > JOIN_WORK + JOIN_SCANS * have.len)
		return false;
	switch (joiner->line.kind) {
	case LINE_FRAME:
		return frame_continues(joiner, text);
	case LINE_PY_FRAME:
		joiner->work += have.len;
		return !py_frame_is_complete(have);
	case LINE_THREAD:
		joiner->work += have.len;
		return (span_ends(text, SPAN_LIT("):")) || span_ends(text, SPAN_LIT(")]"))) &&
		       !gdb_thread_parse(&have, &thread);
	default:
		return false;
	}
}

void line_joiner_own(struct line_joiner *joiner)
{
	struct span text = joiner->line.text;

	if (!joiner->valid || joiner->owned)
		return;
	buf_clear(&joiner->joined);
	buf_add_span(&joiner->joined, text);
	joiner->line.text = buf_span(&joiner->joined);
	joiner->line.frame = NULL; /* its parts are of the text before */
	joiner->owned = true;
}

static void append_text(struct line_joiner *joiner, struct span text)
{
	struct span have;

	line_joiner_own(joiner);
	have = span_trim(joiner->line.text);
	joiner->joined.len = (size_t)(have.ptr + have.len - joiner->joined.ptr);
	/* A wrapped path has no blank there. */
	if (!(joiner->line.kind == LINE_FRAME && get_state(joiner) == GDB_FRAME_PLACE &&
	      span_ends(have, SPAN_LIT("/"))) &&
	    !(joiner->tight && splits_word(have, text)))
		buf_add(&joiner->joined, " ", 1);
	buf_add_span(&joiner->joined, text);
	joiner->state_known = joiner->state_known && keeps_state(joiner->state, text);
	joiner->line.text = buf_span(&joiner->joined);
	joiner->line.count++;
	joiner->blanks = 0;
	joiner->tight = false;
}

/* For a frame whose arguments are not closed although lines were joined to it. If the first line is
 * a complete frame when unmatched quotes are ignored, only that line is the frame; otherwise all
 * lines are, if they form a complete frame in that way. Otherwise the frame was cut off, and the
 * joined lines are not part of it. */
static void cut_unclosed_frame(struct line_joiner *joiner)
{
	struct logical_line *line = &joiner->line;
	struct span first = { line->text.ptr, joiner->first_len }, s = first;
	enum gdb_frame_state state;
	struct gdb_frame frame;

	if (line->kind != LINE_FRAME || line->count < 2)
		return;
	state = get_state(joiner);
	if (state != GDB_FRAME_ARGS && state != GDB_FRAME_NESTED)
		return;
	if (!gdb_frame_parse(&s, &frame) || frame.state != GDB_FRAME_DONE) {
		s = line->text;
		if (gdb_frame_parse(&s, &frame) && frame.state == GDB_FRAME_DONE)
			return;
	}
	line->spare = line->count - 1;
	line->text = first;
}

void line_joiner_flush(struct line_joiner *joiner)
{
	if (!joiner->valid)
		return;
	cut_unclosed_frame(joiner);
	joiner->valid = false;
	joiner->take(joiner->ctx, &joiner->line);
	if (joiner->blanks)
		joiner->take(joiner->ctx,
		             &(struct logical_line){ .kind = LINE_BLANK, .count = joiner->blanks });
}

static void keep_line(struct line_joiner *joiner, const struct logical_line *line, bool quoted)
{
	joiner->valid = true;
	joiner->owned = false;
	joiner->line = *line;
	joiner->first_len = line->text.len;
	joiner->blanks = 0;
	joiner->work = 0;
	joiner->state_known = false;
	joiner->tight = false;
	joiner->quoted = quoted;
}

void line_joiner_take(struct line_joiner *joiner, struct span text,
                      const struct line_prefix_info *info, bool copied)
{
	struct logical_line line = {
		.kind = line_joiner_kind(text),
		.text = text,
		.indent = info->indent,
		.prompt = info->prompt,
		.count = 1,
	};

	joiner->tight = joiner->tight && !info->indent;
	if (line.kind == LINE_TEXT && !line.prompt && joiner->valid && continues(joiner, text)) {
		if (info->quoted && !joiner->quoted)
			text = info->unquoted; /* The '>' is a template's. */
		append_text(joiner, text);
		return;
	}
	/* Mailers insert blank lines between the lines that they wrap. */
	if (line.kind == LINE_BLANK && joiner->valid && !line.prompt &&
	    joiner->line.kind == LINE_FRAME &&
	    (joiner->blanks || get_state(joiner) != GDB_FRAME_DONE)) {
		joiner->blanks++;
		return;
	}
	line_joiner_flush(joiner);
	if (line.kind != LINE_FRAME && line.kind != LINE_PY_FRAME && line.kind != LINE_THREAD) {
		joiner->take(joiner->ctx, &line);
		return;
	}
	keep_line(joiner, &line, info->quoted);
	if (copied)
		line_joiner_own(joiner);
}

void line_joiner_keep_frame(struct line_joiner *joiner, struct span text,
                            const struct gdb_frame *frame)
{
	joiner->frame = *frame;
	keep_line(joiner,
	          &(struct logical_line){
	                  .kind = LINE_FRAME, .frame = &joiner->frame, .text = text, .count = 1 },
	          false);
	joiner->state = frame->state;
	joiner->state_known = true;
}

void line_joiner_pause(struct line_joiner *joiner)
{
	joiner->tight = joiner->valid;
}
