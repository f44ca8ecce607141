#include "merger/parse/logical_lines.h"

#include <ctype.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/parse/gdb_frame_fast.h"
#include "merger/parse/gdb_thread.h"
#include "merger/parse/marker.h"
#include "merger/parse/line_prefix.h"
#include "merger/parse/py_frame.h"

/* Limits on joining wrapped lines, so that a frame whose argument list never closes takes linear
 * time: at most JOIN_MAX lines and JOIN_BYTES bytes are joined, and after JOIN_WORK bytes of
 * scanning no byte is scanned more than JOIN_SCANS times on average. */
#define JOIN_MAX 2000
#define JOIN_BYTES (1u << 20)
#define JOIN_SCANS 64
#define JOIN_WORK (64u << 10)

/* The last line, while the next one may be the rest of it. */
struct pending {
	bool valid;
	struct logical_line line;
	size_t first_len; /* length of its first line */
	size_t work;      /* bytes scanned to join lines */
	bool state_known; /* of a frame: `state` is that of the text so far */
	enum gdb_frame_state state;
	size_t blanks; /* blank lines after it, which are dropped if it continues */
	bool quoted;   /* its prefix had a '>' */
	bool owned;    /* the text is in `joined` */
	struct buf joined;
};

struct logical_lines {
	logical_lines_take *take;
	void *ctx;
	struct buf partial; /* the start of a line whose end has not been fed yet */
	struct buf decoded;
	struct buf plain;
	struct line_prefix_log log;
	struct pending pending;
	uint64_t count;
};

static const struct {
	struct span entity;
	char byte;
} entities[] = {
	{ SPAN_INIT("&lt;"), '<' },   { SPAN_INIT("&gt;"), '>' },   { SPAN_INIT("&amp;"), '&' },
	{ SPAN_INIT("&quot;"), '"' }, { SPAN_INIT("&#39;"), '\'' }, { SPAN_INIT("&#x27;"), '\'' },
	{ SPAN_INIT("&nbsp;"), ' ' }, { SPAN_INIT("&#60;"), '<' },  { SPAN_INIT("&#62;"), '>' },
};

/* What gdb prints when a page is full. The text continues on the same line. */
static const struct {
	struct span begin, end;
} pagers[] = {
	{ SPAN_INIT("---Type <return> to continue"), SPAN_INIT("quit---") },
	{ SPAN_INIT("--Type <RET> for more"), SPAN_INIT("--") },
	{ SPAN_INIT("--Type <return> to continue"), SPAN_INIT("--") },
};

struct logical_lines *logical_lines_create(logical_lines_take *take, void *ctx)
{
	struct logical_lines *lines = alloc_zeroed(1, sizeof(*lines));

	lines->take = take;
	lines->ctx = ctx;
	return lines;
}

void logical_lines_destroy(struct logical_lines *lines)
{
	if (!lines)
		return;
	buf_deinit(&lines->partial);
	buf_deinit(&lines->decoded);
	buf_deinit(&lines->plain);
	buf_deinit(&lines->pending.joined);
	line_prefix_log_deinit(&lines->log);
	free(lines);
}

uint64_t logical_lines_count(const struct logical_lines *lines)
{
	return lines->count;
}

/* Removes gdb's colours, which `script` and text pasted from a terminal contain: ESC [ parameters
 * letter (ECMA-48, 5.4). */
static struct span strip_style(struct logical_lines *lines, struct span s)
{
	if (!s.len || !memchr(s.ptr, '\033', s.len))
		return s;
	buf_clear(&lines->plain);
	while (s.len) {
		struct span rest = s;

		if (span_take(&rest, SPAN_LIT("\033["))) {
			while (rest.len && rest.ptr[0] >= ' ' && rest.ptr[0] < '@')
				rest = span_skip(rest, 1);
			if (rest.len && rest.ptr[0] >= '@' && rest.ptr[0] <= '~') {
				s = span_skip(rest, 1);
				/* readline prints "ESC[?2004l\r#0 ...". */
				span_take(&s, SPAN_LIT("\r"));
				continue;
			}
		}
		buf_add(&lines->plain, s.ptr, 1);
		s = span_skip(s, 1);
	}
	return buf_span(&lines->plain);
}

static struct span decode_entities(struct logical_lines *lines, struct span s)
{
	if (!s.len || !memchr(s.ptr, '&', s.len) || !memchr(s.ptr, ';', s.len))
		return s;
	buf_clear(&lines->decoded);
	while (s.len) {
		size_t i = 0, count = sizeof(entities) / sizeof(entities[0]);

		while (i < count && !span_take(&s, entities[i].entity))
			i++;
		buf_add(&lines->decoded, i < count ? &entities[i].byte : s.ptr, 1);
		if (i == count)
			s = span_skip(s, 1);
	}
	return buf_span(&lines->decoded);
}

/* Text copied from a terminal with several windows contains their borders (U+2500 to U+257F). The
 * text after a border is not gdb's. */
static struct span cut_screen(struct span s)
{
	const char *end = span_skip(s, s.len).ptr;
	const char *from = s.ptr, *hit;

	while (from < end && (hit = memchr(from, 0xe2, (size_t)(end - from)))) {
		if (end - hit > 2 &&
		    ((unsigned char)hit[1] == 0x94 || (unsigned char)hit[1] == 0x95))
			return (struct span){ s.ptr, (size_t)(hit - s.ptr) };
		from = hit + 1;
	}
	return s;
}

static struct span skip_pager(struct span text)
{
	for (size_t i = 0; i < sizeof(pagers) / sizeof(pagers[0]); i++) {
		struct span rest = text;
		const char *end;

		if (!span_take(&rest, pagers[i].begin))
			continue;
		end = memmem(rest.ptr, rest.len, pagers[i].end.ptr, pagers[i].end.len);
		return end ? span_skip(rest, (size_t)(end - rest.ptr) + pagers[i].end.len) : rest;
	}
	return text;
}

static enum line_kind find_kind(struct span text)
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
static bool is_local_variable(struct span text)
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

static enum gdb_frame_state get_pending_state(struct pending *pending)
{
	if (!pending->state_known) {
		pending->state = gdb_frame_state(pending->line.text);
		pending->state_known = true;
		pending->work += pending->line.text.len;
	}
	return pending->state;
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

static bool frame_continues(struct pending *pending, struct span text)
{
	struct span frame = pending->line.text;

	switch (get_pending_state(pending)) {
	case GDB_FRAME_NAME:
		return text.ptr[0] == '(' || begins_place(text) ||
		       ends_in_word(frame, SPAN_LIT("in"));
	case GDB_FRAME_ARGS:
		return !is_local_variable(text);
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

static bool pending_continues(struct pending *pending, struct span text)
{
	struct span have = pending->line.text;
	struct gdb_thread thread;

	if (!pending->valid || !text.len || pending->line.count > JOIN_MAX ||
	    have.len > JOIN_BYTES || pending->work > JOIN_WORK + JOIN_SCANS * have.len)
		return false;
	switch (pending->line.kind) {
	case LINE_FRAME:
		return frame_continues(pending, text);
	case LINE_PY_FRAME:
		pending->work += have.len;
		return !py_frame_is_complete(have);
	case LINE_THREAD:
		pending->work += have.len;
		return (span_ends(text, SPAN_LIT("):")) || span_ends(text, SPAN_LIT(")]"))) &&
		       !gdb_thread_parse(&have, &thread);
	default:
		return false;
	}
}

static void own_pending(struct pending *pending)
{
	struct span text = pending->line.text;

	if (!pending->valid || pending->owned)
		return;
	buf_clear(&pending->joined);
	buf_add_span(&pending->joined, text);
	pending->line.text = buf_span(&pending->joined);
	pending->owned = true;
}

static void append_pending(struct pending *pending, struct span text)
{
	struct span have;

	own_pending(pending);
	have = span_trim(pending->line.text);
	pending->joined.len = (size_t)(have.ptr + have.len - pending->joined.ptr);
	/* A wrapped path has no blank there. */
	if (!(pending->line.kind == LINE_FRAME && get_pending_state(pending) == GDB_FRAME_PLACE &&
	      span_ends(have, SPAN_LIT("/"))))
		buf_add(&pending->joined, " ", 1);
	buf_add_span(&pending->joined, text);
	pending->state_known = pending->state_known && keeps_state(pending->state, text);
	pending->line.text = buf_span(&pending->joined);
	pending->line.count++;
	pending->blanks = 0;
}

/* For a frame whose arguments are not closed although lines were joined to it. If the first line is
 * a complete frame when unmatched quotes are ignored, only that line is the frame; otherwise all
 * lines are, if they form a complete frame in that way. Otherwise the frame was cut off, and the
 * joined lines are not part of it. */
static void cut_unclosed_frame(struct pending *pending)
{
	struct logical_line *line = &pending->line;
	struct span first = { line->text.ptr, pending->first_len }, s = first;
	enum gdb_frame_state state;
	struct gdb_frame frame;

	if (line->kind != LINE_FRAME || line->count < 2)
		return;
	state = get_pending_state(pending);
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

static void flush_pending(struct logical_lines *lines)
{
	struct pending *pending = &lines->pending;

	if (!pending->valid)
		return;
	cut_unclosed_frame(pending);
	pending->valid = false;
	lines->take(lines->ctx, &pending->line);
	if (pending->blanks)
		lines->take(lines->ctx,
		            &(struct logical_line){ .kind = LINE_BLANK, .count = pending->blanks });
}

static void take_stripped_line(struct logical_lines *lines, struct span text,
                               const struct line_prefix_info *info, bool copied)
{
	struct pending *pending = &lines->pending;
	struct logical_line line = {
		.kind = find_kind(text),
		.text = text,
		.indent = info->indent,
		.prompt = info->prompt,
		.count = 1,
	};

	if (line.kind == LINE_TEXT && !line.prompt && pending->valid &&
	    pending_continues(pending, text)) {
		if (info->quoted && !pending->quoted)
			text = info->unquoted; /* The '>' is a template's. */
		append_pending(pending, text);
		return;
	}
	/* Mailers insert blank lines between the lines that they wrap. */
	if (line.kind == LINE_BLANK && pending->valid && !line.prompt &&
	    pending->line.kind == LINE_FRAME &&
	    (pending->blanks || get_pending_state(pending) != GDB_FRAME_DONE)) {
		pending->blanks++;
		return;
	}
	flush_pending(lines);
	if (line.kind != LINE_FRAME && line.kind != LINE_PY_FRAME && line.kind != LINE_THREAD) {
		lines->take(lines->ctx, &line);
		return;
	}
	pending->valid = true;
	pending->owned = false;
	pending->line = line;
	pending->first_len = text.len;
	pending->blanks = 0;
	pending->work = 0;
	pending->state_known = false;
	pending->quoted = info->quoted;
	if (copied)
		own_pending(pending);
}

/* Gives out a complete frame. No further line can be part of it. */
static void give_frame(struct logical_lines *lines, struct span text, const struct gdb_frame *frame)
{
	flush_pending(lines);
	lines->take(lines->ctx,
	            &(struct logical_line){
	                    .kind = LINE_FRAME, .frame = frame, .text = text, .count = 1 });
}

static void take_raw_line(struct logical_lines *lines, struct span raw, size_t max)
{
	const struct span given = raw;
	struct line_prefix_info info;
	struct span text, rest;
	struct gdb_frame frame;

	lines->count++;
	if (raw.len > max)
		raw.len = max;
	while (raw.len && (raw.ptr[raw.len - 1] == '\r' || raw.ptr[raw.len - 1] == ' '))
		raw.len--;
	if (gdb_frame_fast_parse(raw, &frame)) {
		give_frame(lines, raw, &frame);
		return;
	}
	if (span_starts(raw, SPAN_LIT(MARKER_PREFIX))) {
		info = (struct line_prefix_info){ .unquoted = raw };
		take_stripped_line(lines, raw, &info, false);
		return;
	}
	text = decode_entities(lines, cut_screen(strip_style(lines, raw)));
	text = line_prefix_strip(&lines->log, text, &info);
	rest = skip_pager(text);
	if (rest.ptr != text.ptr && !span_trim(rest).len)
		return; /* the line before continues after the pager's line */
	take_stripped_line(lines, rest.len ? rest : text, &info,
	                   text.ptr < given.ptr || text.ptr > given.ptr + given.len);
}

void logical_lines_feed(struct logical_lines *lines, const char *text, size_t len, size_t max)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		struct span part = { text, (size_t)(stop - text) };

		text = stop + 1;
		if (newline && !lines->partial.len) {
			take_raw_line(lines, part, max);
			continue;
		}
		/* One byte more than max, so that the line is cut to max in take_raw_line. */
		if (lines->partial.len + part.len > max + 1)
			part.len = lines->partial.len > max ? 0 : max + 1 - lines->partial.len;
		buf_add_span(&lines->partial, part);
		if (newline) {
			take_raw_line(lines, buf_span(&lines->partial), max);
			own_pending(&lines->pending);
			buf_clear(&lines->partial);
		}
	}
	own_pending(&lines->pending);
}

void logical_lines_finish(struct logical_lines *lines, size_t max)
{
	if (lines->partial.len)
		take_raw_line(lines, buf_span(&lines->partial), max);
	flush_pending(lines);
	buf_clear(&lines->partial);
	buf_clear(&lines->log.shape);
}
