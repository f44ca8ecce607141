#include "merger/parse/tool_parts.h"

#include "merger/base/number.h"

bool tool_parts_find(struct span text, struct span what, size_t *ret)
{
	const char *hit = text.len ? memmem(text.ptr, text.len, what.ptr, what.len) : NULL;

	if (hit)
		*ret = (size_t)(hit - text.ptr);
	return hit != NULL;
}

bool tool_parts_find_last(struct span text, struct span what, size_t *ret)
{
	for (size_t i = text.len + 1; i-- > 0;)
		if (span_starts(span_skip(text, i), what)) {
			*ret = i;
			return true;
		}
	return false;
}

bool tool_parts_cut(struct span *text, struct span what)
{
	return tool_parts_find(*text, what, &text->len);
}

void tool_parts_split_place(struct span text, struct tool_parts *ret)
{
	ret->file = text;
	for (size_t i = 1; i + 1 < text.len; i++) {
		struct span digits = span_skip(text, i + 1);

		if (text.ptr[i] != ':' || !number_take32(&digits, &ret->line))
			continue;
		if (digits.len && digits.ptr[0] != ':' && digits.ptr[0] != ' ')
			continue;
		ret->file.len = i;
		return;
	}
}

void tool_parts_split_args(struct tool_parts *parts)
{
	struct span name = parts->name;
	size_t depth = 0, i = name.len;

	if (!span_ends(name, SPAN_LIT(")")))
		return;
	while (i-- > 0) {
		if (name.ptr[i] == ')')
			depth++;
		else if (name.ptr[i] == '(' && --depth == 0)
			break;
	}
	if (i == 0 || i > name.len)
		return;
	parts->args = (struct span){ name.ptr + i + 1, name.len - i - 2 };
	parts->name.len = i;
}

void tool_parts_write_frame(const struct tool_parts *parts, struct buf *ret)
{
	buf_printf(ret, "#%u  ", parts->number);
	if (parts->has_addr)
		buf_printf(ret, "0x%llx in ", (unsigned long long)parts->addr);
	if (parts->name.len)
		buf_add_span(ret, parts->name);
	else
		buf_add(ret, "??", 2);
	buf_add(ret, " (", 2);
	buf_add_span(ret, parts->args);
	buf_add(ret, ")", 1);
	if (parts->file.len && parts->line)
		buf_printf(ret, " at %.*s:%u", SPAN_ARG(parts->file), parts->line);
	else if (parts->module.len)
		buf_printf(ret, " from %.*s", SPAN_ARG(parts->module));
}

void tool_parts_write_thread(uint32_t number, uint64_t tid, struct span name, struct buf *ret)
{
	buf_printf(ret, "Thread %u (LWP %llu", number, (unsigned long long)tid);
	if (name.len)
		buf_printf(ret, " \"%.*s\"", SPAN_ARG(name));
	buf_add(ret, "):", 2);
}

bool tool_parts_take_hex(struct span *text, uint64_t *ret)
{
	struct span rest = *text;

	if (!span_take(&rest, SPAN_LIT("0x")) || !number_take(&rest, 16, ret))
		return false;
	*text = rest;
	return true;
}
