#include "merger/parse/logical_lines.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/parse/gdb_frame_fast.h"
#include "merger/parse/held_lines.h"
#include "merger/parse/line_joiner.h"
#include "merger/parse/line_markup.h"
#include "merger/parse/line_prefix.h"
#include "merger/parse/marker.h"
#include "merger/parse/page_break.h"
#include "merger/parse/py_frame.h"
#include "merger/parse/quoted_text.h"
#include "merger/parse/tool_lines.h"

/* Text in a string in a string. */
#define QUOTES_MAX 3
/* Prefixes that are learnt from two lines, so that lines are held a limited number of times. */
#define LEARNT_MAX 8

struct logical_lines {
	struct buf partial; /* the start of a line whose end has not been fed yet */
	struct line_markup markup;
	struct line_prefix_log log;
	struct held_lines held;
	size_t learnt;  /* prefixes */
	bool release;   /* lines are not held */
	struct buf cut; /* the start of a line that gdb's pager has cut */
	struct quoted_text quoted;
	struct buf record; /* the start of a line of gdb/MI */
	int quotes;        /* the line is in so many strings */
	bool plain;        /* there was a frame that is in no string */
	bool live;         /* in a sample: gdb's own text, which nobody has pasted or wrapped */
	struct tool_lines tools;
	struct buf rewritten;
	struct line_joiner joiner;
	uint64_t count;
};

struct logical_lines *logical_lines_create(logical_lines_take *take, void *ctx)
{
	struct logical_lines *lines = alloc_zeroed(1, sizeof(*lines));

	lines->joiner.take = take;
	lines->joiner.ctx = ctx;
	return lines;
}

void logical_lines_destroy(struct logical_lines *lines)
{
	if (!lines)
		return;
	buf_deinit(&lines->partial);
	line_markup_deinit(&lines->markup);
	held_lines_deinit(&lines->held);
	buf_deinit(&lines->cut);
	quoted_text_deinit(&lines->quoted);
	buf_deinit(&lines->record);
	buf_deinit(&lines->rewritten);
	line_joiner_deinit(&lines->joiner);
	line_prefix_log_deinit(&lines->log);
	free(lines);
}

uint64_t logical_lines_count(const struct logical_lines *lines)
{
	return lines->count;
}

static void take_line(struct logical_lines *lines, struct span line);

/* Hands the text of a buffer, which was one line, on, line by line. The buffer is freed. */
static void take_buffer(struct logical_lines *lines, struct buf *text, int quotes)
{
	struct span rest = buf_span(text), line;

	lines->quotes += quotes;
	while (span_take_line(&rest, &line)) {
		take_line(lines, line);
		lines->count += rest.len > 0;
	}
	line_joiner_own(&lines->joiner);
	lines->quotes -= quotes;
	buf_deinit(text);
}

/* Gives out the held lines, without or with what has been learnt. */
static void release_held(struct logical_lines *lines, bool again)
{
	struct held_lines held = lines->held;
	const bool before = lines->release;

	lines->held = (struct held_lines){ 0 };
	lines->release = before || !again;
	for (size_t i = 0; i < held.count; i++) {
		take_line(lines, held_lines_get(&held, i));
		line_joiner_own(&lines->joiner);
	}
	lines->release = before;
	held_lines_deinit(&held);
}

static void learn_prefix(struct logical_lines *lines, struct span prefix)
{
	lines->learnt++;
	line_prefix_learn(&lines->log, prefix);
	release_held(lines, true);
}

/* A line of gdb's without a prefix; anchor: NULL if it is neither a frame nor a header. What was
 * held before has no prefix either, except the first line of a logger's message. */
static void settle_held(struct logical_lines *lines, const struct line_anchor *anchor)
{
	struct span prefix;

	if (!lines->held.count)
		return;
	if (anchor && lines->learnt < LEARNT_MAX &&
	    held_lines_continue(&lines->held, anchor, &prefix))
		learn_prefix(lines, prefix);
	release_held(lines, false);
}

/* True: the line waits until it is known whether it has a prefix. text: the line without the
 * prefixes that are known. */
static bool hold_line(struct logical_lines *lines, struct span line, struct span text)
{
	struct line_anchor anchor;
	bool found;

	if (lines->release || lines->learnt >= LEARNT_MAX)
		return false;
	found = line_anchor_find(text, &anchor);
	if (!found && !lines->held.count)
		return false;
	if (found &&
	    (anchor.kind == LINE_ANCHOR_HEAD || held_lines_confirm(&lines->held, &anchor))) {
		learn_prefix(lines, anchor.prefix);
		take_line(lines, line);
		return true;
	}
	if (held_lines_add(&lines->held, line, found ? &anchor : NULL))
		return true;
	release_held(lines, false);
	return found && held_lines_add(&lines->held, line, &anchor);
}

/* True: the line had strings with frames, which were handed on. */
static bool take_strings(struct logical_lines *lines, struct span text, enum line_kind kind)
{
	const size_t before = lines->record.len;
	struct buf found = { 0 };

	if (lines->quotes >= QUOTES_MAX)
		return false;
	if (quoted_text_take_record(text, &lines->record)) {
		size_t len = lines->record.len;

		while (len > before && lines->record.ptr[len - 1] != '\n')
			len--;
		len = len > before ? len : 0;
		buf_add(&found, lines->record.ptr, len);
		buf_consume(&lines->record, len);
		take_buffer(lines, &found, 1);
		return true;
	}
	if (!(kind == LINE_TEXT && !lines->plain && !line_joiner_is_variable(text) &&
	      quoted_text_take(&lines->quoted, text, &found)) &&
	    !quoted_text_take_escaped(text, &found))
		return false;
	take_buffer(lines, &found, 1);
	return true;
}

static void take_text(struct logical_lines *lines, struct span line)
{
	struct line_prefix_info info;
	struct span text = line_prefix_strip(&lines->log, line, &info);
	enum line_kind kind = line_joiner_kind(text);
	struct line_anchor anchor;

	if (take_strings(lines, text, kind))
		return;
	if (kind == LINE_TEXT || kind == LINE_BLANK) {
		if (hold_line(lines, line, text))
			return;
	} else if (lines->held.count) {
		/* A frame with a prefix does not show that the held ones have none. */
		if (info.learnt && held_lines_add(&lines->held, line, NULL))
			return;
		settle_held(lines, line_anchor_parse(text, &anchor) ? &anchor : NULL);
	}
	buf_clear(&lines->rewritten);
	if (tool_lines_rewrite(&lines->tools, text, info.indent, &lines->rewritten)) {
		text = buf_span(&lines->rewritten);
		if (!text.len)
			return;
	}
	kind = line_joiner_kind(text);
	if (kind == LINE_FRAME || kind == LINE_THREAD)
		text = line_markup_clean_frame(&lines->markup, text);
	lines->plain |= kind == LINE_FRAME && !lines->quotes;
	line_joiner_take(&lines->joiner, text, &info,
	                 text.ptr < line.ptr || text.ptr > span_skip(line, line.len).ptr);
}

static bool has_text(struct logical_lines *lines, struct span line)
{
	struct line_prefix_info info;

	return line_prefix_strip(&lines->log, line, &info).len > 0;
}

static bool begins_line(struct logical_lines *lines, struct span line)
{
	struct line_prefix_info info;
	struct span text = line_prefix_strip(&lines->log, line, &info);

	return !text.len || line_joiner_kind(text) != LINE_TEXT || info.prompt;
}

/* True: a pager was in the line before, and this is the rest of that line, or another. */
static bool take_rest_of_page(struct logical_lines *lines, struct span line)
{
	struct buf whole = lines->cut;
	bool joins = !begins_line(lines, line);

	if (!whole.len)
		return false;
	lines->cut = (struct buf){ 0 };
	if (joins)
		buf_add_span(&whole, line);
	take_buffer(lines, &whole, 0);
	return joins;
}

/* True: the line has gdb's pager in it, and was dealt with. */
static bool take_page(struct logical_lines *lines, struct span line)
{
	struct buf whole = { 0 };
	struct span before, after = line;

	if (!page_break_find(line, &before, &after))
		return false;
	do
		buf_add_span(&whole, before);
	while (page_break_find(after, &before, &after));
	buf_add_span(&whole, after);
	if (!has_text(lines, buf_span(&whole))) {
		/* the line before may continue after the pager's line */
		line_joiner_pause(&lines->joiner);
		buf_deinit(&whole);
	} else if (after.len) {
		take_buffer(lines, &whole, 0);
	} else {
		buf_deinit(&lines->cut);
		lines->cut = whole;
	}
	return true;
}

static void take_usual_line(struct logical_lines *lines, struct span line)
{
	struct line_prefix_info info;
	struct span text = line_prefix_strip(&lines->log, line, &info);

	line_joiner_take(&lines->joiner, text, &info, false);
}

static void take_marker_line(struct logical_lines *lines, struct span line)
{
	release_held(lines, false);
	lines->tools = (struct tool_lines){ 0 };
	if (span_starts(line, SPAN_LIT(MARKER_PREFIX "begin ")))
		lines->live = true;
	else if (span_starts(line, SPAN_LIT(MARKER_PREFIX "end")))
		lines->live = false;
	line_joiner_take(&lines->joiner, line, &(struct line_prefix_info){ .unquoted = line },
	                 false);
}

/* A line that is not simply a frame. */
static void take_odd_line(struct logical_lines *lines, struct span raw)
{
	struct span line = line_markup_clean(&lines->markup, raw);
	struct buf copy = { 0 };

	if (line.ptr == raw.ptr) {
		take_text(lines, line);
		return;
	}
	/* The copy: strings and held lines are cleaned, too. */
	buf_add_span(&copy, line);
	if (span_has(line, '\n')) {
		take_buffer(lines, &copy, 0);
		return;
	}
	take_text(lines, buf_span(&copy));
	line_joiner_own(&lines->joiner);
	buf_deinit(&copy);
}

/* A blank line or a thread's header, as gdb prints them: the most frequent lines but frames. */
static bool is_usual(struct span line)
{
	return !line.len || (span_starts(line, SPAN_LIT("Thread ")) &&
	                     line.ptr[line.len - 1] == ':' && !line_markup_may_be_in(line));
}

static void take_line(struct logical_lines *lines, struct span line)
{
	struct gdb_frame frame;

	while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
		line.len--;
	if (lines->cut.len && take_rest_of_page(lines, line))
		return;
	if (gdb_frame_fast_parse(line, &frame)) {
		if (lines->held.count)
			settle_held(lines, &(struct line_anchor){ .kind = LINE_ANCHOR_FRAME,
			                                          .number = frame.number,
			                                          .sure = frame.has_addr });
		lines->plain |= !lines->quotes;
		line_joiner_take_frame(&lines->joiner, line, &frame);
	} else if (span_starts(line, SPAN_LIT(MARKER_PREFIX))) {
		take_marker_line(lines, line);
	} else if ((lines->live && !span_has(line, '\033')) ||
	           (is_usual(line) && !lines->held.count)) {
		take_usual_line(lines, line);
	} else if (!take_page(lines, line)) {
		take_odd_line(lines, line);
	}
}

static void take_raw_line(struct logical_lines *lines, struct span raw, size_t max)
{
	lines->count++;
	if (raw.len > max)
		raw.len = max;
	take_line(lines, raw);
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
			line_joiner_own(&lines->joiner);
			buf_clear(&lines->partial);
		}
	}
	line_joiner_own(&lines->joiner);
}

/* Gives out what waits for a line that never came, and forgets the input. */
static void end_input(struct logical_lines *lines)
{
	struct buf rest = lines->cut;

	lines->cut = (struct buf){ 0 };
	take_buffer(lines, &rest, 0);
	rest = lines->record;
	lines->record = (struct buf){ 0 };
	take_buffer(lines, &rest, 1);
	release_held(lines, false);
	line_joiner_flush(&lines->joiner);
	line_prefix_log_clear(&lines->log);
	quoted_text_clear(&lines->quoted);
	lines->tools = (struct tool_lines){ 0 };
	lines->learnt = 0;
	lines->plain = lines->live = false;
}

void logical_lines_finish(struct logical_lines *lines, size_t max)
{
	if (lines->partial.len)
		take_raw_line(lines, buf_span(&lines->partial), max);
	buf_clear(&lines->partial);
	end_input(lines);
}
