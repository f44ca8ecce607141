#include "merger/parse/held_lines.h"

#include "merger/parse/line_prefix.h"

void held_lines_deinit(struct held_lines *held)
{
	buf_deinit(&held->text);
}

bool held_lines_add(struct held_lines *held, struct span line, const struct line_anchor *anchor)
{
	struct held_line *row = &held->lines[held->count];

	if (held->count == HELD_LINES_MAX || held->text.len + line.len > HELD_BYTES_MAX)
		return false;
	*row = (struct held_line){ .at = held->text.len, .len = line.len };
	if (anchor) {
		row->has_anchor = true;
		row->anchor.kind = anchor->kind;
		row->anchor.number = anchor->number;
		row->anchor.sure = anchor->sure;
		row->prefix_at = row->at + (size_t)(anchor->prefix.ptr - line.ptr);
		row->prefix_len = anchor->prefix.len;
	}
	buf_add_span(&held->text, line);
	held->count++;
	return true;
}

struct span held_lines_get(const struct held_lines *held, size_t i)
{
	return (struct span){ held->text.ptr + held->lines[i].at, held->lines[i].len };
}

static struct span get_prefix(const struct held_lines *held, const struct held_line *row)
{
	return (struct span){ held->text.ptr + row->prefix_at, row->prefix_len };
}

bool held_lines_confirm(const struct held_lines *held, const struct line_anchor *anchor)
{
	for (size_t i = held->count; i-- > 0;) {
		const struct held_line *row = &held->lines[i];

		if (row->has_anchor && line_prefix_is_alike(get_prefix(held, row), anchor->prefix))
			return line_anchor_follows(&row->anchor, anchor);
	}
	return false;
}

/* Text that quotes a frame, such as a variable's value, is no message of a logger. */
static bool is_quotation(struct span prefix)
{
	for (size_t i = 0; i < prefix.len; i++)
		if (span_has(SPAN_LIT("\"'="), prefix.ptr[i]))
			return true;
	return false;
}

bool held_lines_continue(const struct held_lines *held, const struct line_anchor *plain,
                         struct span *ret)
{
	const struct held_line *row = held->lines + held->count - 1;

	if (!held->count || !row->has_anchor || plain->kind != LINE_ANCHOR_FRAME)
		return false;
	*ret = get_prefix(held, row);
	if (row->anchor.kind == LINE_ANCHOR_FRAME)
		return row->anchor.number == 0 && plain->number == 1 && !is_quotation(*ret);
	return row->anchor.kind == LINE_ANCHOR_THREAD && plain->number == 0;
}
