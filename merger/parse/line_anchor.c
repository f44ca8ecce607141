#include "merger/parse/line_anchor.h"

#include <ctype.h>

#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"
#include "merger/parse/tool_lines.h"

/* A frame may be missing, or be wrapped so that it is no anchor. */
#define NUMBERS_SKIPPED 3

static const struct span python_head = SPAN_INIT("Traceback (most recent call first)");

/* Text that gdb itself writes before a frame or a thread. */
static const struct span own_beginnings[] = {
	SPAN_INIT("[Switching to "),
	SPAN_INIT("[Current thread is "),
	SPAN_INIT("Run till exit"),
};

static bool parse_frame(struct span text, struct line_anchor *ret)
{
	struct gdb_frame frame;

	if (text.ptr[0] != '#')
		return ret->sure = tool_lines_is_frame(text, &ret->number);
	if (!gdb_frame_parse(&text, &frame))
		return false;
	ret->number = frame.number;
	ret->sure = frame.has_addr;
	if (frame.has_addr)
		return frame.name.len || frame.state != GDB_FRAME_NAME;
	return frame.state == GDB_FRAME_DONE && frame.name.len;
}

static bool parse_thread(struct span text)
{
	struct gdb_thread thread;

	if (gdb_thread_starts(text))
		return gdb_thread_parse(&text, &thread) && !thread.is_switch;
	return tool_lines_is_thread(text);
}

bool line_anchor_parse(struct span text, struct line_anchor *ret)
{
	struct line_anchor anchor = { .rest = text };

	if (!text.len)
		return false;
	if (parse_frame(text, &anchor)) {
		anchor.kind = LINE_ANCHOR_FRAME;
	} else if (parse_thread(text)) {
		anchor.kind = LINE_ANCHOR_THREAD;
	} else if (tool_lines_is_head(text)) {
		anchor.kind = LINE_ANCHOR_HEAD;
	} else if (span_starts(text, python_head)) {
		anchor.kind = LINE_ANCHOR_PYTHON;
	} else {
		return false;
	}
	*ret = anchor;
	return true;
}

static bool may_begin(char before, char first)
{
	return span_has(SPAN_LIT("#TtSsCgf.\""), first) && !isalnum((unsigned char)before) &&
	       before != '_';
}

/* lldb's "* " is a mark of the line, and no other line has it. */
static void cut_star(struct span *prefix)
{
	struct span before = span_trim(*prefix);

	if (span_ends(before, SPAN_LIT("*")))
		prefix->len = (size_t)(before.ptr + before.len - prefix->ptr) - 1;
}

bool line_anchor_find(struct span text, struct line_anchor *ret)
{
	size_t limit = text.len < LINE_ANCHOR_PREFIX_MAX ? text.len : LINE_ANCHOR_PREFIX_MAX;

	for (size_t i = 0; i < sizeof(own_beginnings) / sizeof(own_beginnings[0]); i++)
		if (span_starts(text, own_beginnings[i]))
			return false;
	for (size_t i = 1; i < limit; i++) {
		if (!may_begin(text.ptr[i - 1], text.ptr[i]) ||
		    !line_anchor_parse(span_skip(text, i), ret))
			continue;
		ret->prefix = (struct span){ text.ptr, i };
		cut_star(&ret->prefix);
		return ret->prefix.len > 0;
	}
	return false;
}

bool line_anchor_follows(const struct line_anchor *anchor, const struct line_anchor *next)
{
	if (next->kind != LINE_ANCHOR_FRAME)
		return true;
	if (anchor->kind != LINE_ANCHOR_FRAME)
		return next->number <= NUMBERS_SKIPPED;
	/* gdb leaves the address out at the start of a source line only, so seldom but in #0 */
	if (!anchor->sure && !next->sure && anchor->number > 1 && next->number > 1)
		return false;
	return next->number == 0 || anchor->number == next->number + 1 ||
	       (next->number > anchor->number &&
	        (next->sure || next->number - anchor->number <= NUMBERS_SKIPPED));
}
