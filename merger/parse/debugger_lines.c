#include "merger/parse/debugger_lines.h"

#include <ctype.h>

#include "merger/base/number.h"

/* lldb */

static const struct span lldb_notes[] = {
	SPAN_INIT(" [opt]"),
	SPAN_INIT(" [inlined]"),
	SPAN_INIT(" [artificial]"),
};

static void cut_notes(struct span *name)
{
	for (size_t i = 0; i < sizeof(lldb_notes) / sizeof(lldb_notes[0]); i++)
		while (span_ends(*name, lldb_notes[i]))
			name->len -= lldb_notes[i].len;
}

/* "f(a=1) + 10" */
static void cut_offset(struct span *name)
{
	struct span digits;
	size_t at;
	uint64_t offset;

	if (!tool_parts_find_last(*name, SPAN_LIT(" + "), &at))
		return;
	digits = span_skip(*name, at + 3);
	if (number_take(&digits, 10, &offset) && !digits.len)
		name->len = at;
}

bool debugger_lines_parse_lldb(struct span text, struct tool_parts *ret)
{
	struct tool_parts parts = { 0 };
	size_t at;

	if (!span_take(&text, SPAN_LIT("frame #")) || !number_take32(&text, &parts.number) ||
	    !span_take(&text, SPAN_LIT(":")))
		return false;
	text = span_trim(text);
	if (!tool_parts_take_hex(&text, &parts.addr))
		return false;
	parts.has_addr = true;
	text = span_skip_blanks(text);
	if (tool_parts_find(text, SPAN_LIT("`"), &at)) {
		parts.module = (struct span){ text.ptr, at };
		parts.name = span_skip(text, at + 1);
		if (tool_parts_find_last(parts.name, SPAN_LIT(" at "), &at)) {
			tool_parts_split_place(span_skip(parts.name, at + 4), &parts);
			parts.name.len = at;
		}
		cut_notes(&parts.name);
		cut_offset(&parts.name);
		cut_notes(&parts.name);
		tool_parts_split_args(&parts);
	} else {
		parts.module = text;
		tool_parts_cut(&parts.module, SPAN_LIT(" "));
	}
	*ret = parts;
	return true;
}

/* The value after "name = '" or "name=\"", without its quotes. */
static struct span find_value(struct span text, struct span key)
{
	size_t at;
	char quote;

	if (!tool_parts_find(text, key, &at))
		return (struct span){ NULL, 0 };
	text = span_skip(text, at + key.len);
	quote = text.len ? text.ptr[0] : ' ';
	text = span_skip(text, 1);
	for (at = 0; at < text.len && text.ptr[at] != quote; at++)
		;
	text.len = at;
	return text;
}

/* "thread #2, name = 'w', stop reason = ...", "thread #2: tid = 0x1f03, 0x7f12 libc.so`read" */
bool debugger_lines_lldb_thread(struct span text, struct buf *ret)
{
	struct span name = find_value(text, SPAN_LIT("name = "));
	uint64_t tid = 0;
	uint32_t number;

	if (!span_take(&text, SPAN_LIT("thread #")) || !number_take32(&text, &number) ||
	    (text.len && text.ptr[0] != ',' && text.ptr[0] != ':'))
		return false;
	if (span_take(&text, SPAN_LIT(": tid = ")) && !tool_parts_take_hex(&text, &tid))
		number_take(&text, 10, &tid);
	tool_parts_write_thread(number, tid ? tid : number, name, ret);
	return true;
}

/* coredumpctl and eu-stack: "#N  0xADDR NAME ..." */

static bool take_numbered(struct span *text, struct tool_parts *ret)
{
	struct span rest = *text;

	if (!span_take(&rest, SPAN_LIT("#")) || !number_take32(&rest, &ret->number))
		return false;
	rest = span_skip_blanks(rest);
	if (!tool_parts_take_hex(&rest, &ret->addr) || !span_take(&rest, SPAN_LIT(" ")) ||
	    span_starts(rest, SPAN_LIT("in ")) || span_eq(rest, SPAN_LIT("in")))
		return false;
	ret->has_addr = true;
	*text = rest;
	return true;
}

static bool is_unknown(struct span name)
{
	return span_eq(name, SPAN_LIT("n/a")) || span_eq(name, SPAN_LIT("??"));
}

/* "NAME (MODULE + 0x1234)" */
static bool parse_core_frame(struct span text, struct tool_parts *ret)
{
	size_t open, plus;
	uint64_t offset;
	struct span number;

	if (!take_numbered(&text, ret) || !span_ends(text, SPAN_LIT(")")) ||
	    !tool_parts_find_last(text, SPAN_LIT(" ("), &open) ||
	    !tool_parts_find_last(text, SPAN_LIT(" + 0x"), &plus) || plus < open)
		return false;
	number = span_skip(text, plus + 3);
	if (!tool_parts_take_hex(&number, &offset) || number.len != 1)
		return false;
	ret->name = span_trim((struct span){ text.ptr, open });
	ret->module = (struct span){ text.ptr + open + 2, plus - open - 2 };
	if (is_unknown(ret->name))
		ret->name.len = 0;
	if (is_unknown(ret->module))
		ret->module.len = 0;
	return true;
}

/* "NAME", "NAME - /lib/libc.so.6", "- 1 NAME" (the pc is not the return address) */
static bool parse_elfutils_frame(struct span text, struct tool_parts *ret)
{
	size_t at;

	if (!take_numbered(&text, ret))
		return false;
	text = span_skip_blanks(text);
	if (span_take(&text, SPAN_LIT("- 1")))
		text = span_skip_blanks(text);
	ret->name = text;
	if (tool_parts_find_last(text, SPAN_LIT("- "), &at) && at + 2 < text.len &&
	    text.ptr[at + 2] == '/') {
		ret->module = span_skip(text, at + 2);
		ret->name = span_trim((struct span){ text.ptr, at });
	} else if (!text.len || memchr(text.ptr, ' ', text.len) ||
	           memchr(text.ptr, '(', text.len)) {
		return false; /* a name with blanks may be anything */
	}
	tool_parts_split_args(ret);
	return true;
}

bool debugger_lines_numbered(struct tool_lines *lines, struct span text, struct buf *ret)
{
	struct tool_parts core = { 0 }, elfutils = { 0 };

	if (parse_core_frame(text, &core)) {
		tool_parts_write_frame(&core, ret);
		return true;
	}
	if (!parse_elfutils_frame(text, &elfutils))
		return false;
	lines->tool = TOOL_ELFUTILS;
	tool_parts_write_frame(&elfutils, ret);
	return true;
}

/* The line of the source below a frame, of eu-stack -s: "    /src/a.c:12:3". */
bool debugger_lines_elfutils_place(struct span text, size_t indent, struct buf *ret)
{
	struct tool_parts parts = { 0 };

	if (indent < 4 || memchr(text.ptr, ' ', text.len))
		return false;
	tool_parts_split_place(text, &parts);
	if (!parts.line)
		return false;
	buf_printf(ret, "at %.*s:%u", SPAN_ARG(parts.file), parts.line);
	return true;
}

/* WinDbg */

/* ".  0  Id: 1b2c.2f40 Suspend: 1 Teb: 00000000`00292000 Unfrozen \"name\"" */
bool debugger_lines_windbg_thread(struct span text, struct buf *ret)
{
	uint64_t pid, tid;
	uint32_t number;
	size_t quote;
	struct span name = { NULL, 0 };

	while (text.len && span_has(SPAN_LIT(".# "), text.ptr[0]))
		text = span_skip(text, 1);
	if (!number_take32(&text, &number))
		return false;
	text = span_skip_blanks(text);
	if (!span_take(&text, SPAN_LIT("Id: ")) || !number_take(&text, 16, &pid) ||
	    !span_take(&text, SPAN_LIT(".")) || !number_take(&text, 16, &tid))
		return false;
	if (tool_parts_find(text, SPAN_LIT("\""), &quote)) {
		name = span_skip(text, quote + 1);
		tool_parts_cut(&name, SPAN_LIT("\""));
	}
	tool_parts_write_thread(number, tid, name, ret);
	return true;
}

/* "00007ffb`1b2e4c3e", "75e1b2f1", "(Inline Function)", "--------`--------" */
static bool take_column(struct span *text)
{
	size_t len = 0;

	if (span_take(text, SPAN_LIT("(Inline Function) "))) {
		*text = span_skip_blanks(*text);
		return true;
	}
	while (len < text->len && (isxdigit((unsigned char)text->ptr[len]) ||
	                           span_has(SPAN_LIT("`-"), text->ptr[len])))
		len++;
	if (len < 8 || len == text->len || text->ptr[len] != ' ')
		return false;
	*text = span_skip_blanks(span_skip(*text, len));
	return true;
}

/* "[d:\src\a.cpp @ 12]" */
static void split_windows_place(struct tool_parts *parts)
{
	struct span place;
	size_t open, at;

	if (!tool_parts_find_last(parts->name, SPAN_LIT(" ["), &open))
		return;
	place = span_skip(parts->name, open + 2);
	parts->name.len = open;
	if (!tool_parts_find_last(place, SPAN_LIT(" @ "), &at))
		return;
	parts->file = (struct span){ place.ptr, at };
	place = span_skip(place, at + 3);
	number_take32(&place, &parts->line);
}

bool debugger_lines_windbg(struct tool_lines *lines, struct span text, struct buf *ret)
{
	struct tool_parts parts = { .number = lines->next };
	struct span rest = text;
	uint64_t number;
	size_t at;

	if (number_take(&rest, 16, &number) && text.len - rest.len < 8)
		text = span_skip_blanks(rest);
	if (!take_column(&text) || !take_column(&text))
		return false;
	parts.name = text;
	split_windows_place(&parts);
	if (tool_parts_find(parts.name, SPAN_LIT("!"), &at)) {
		parts.module = (struct span){ text.ptr, at };
		parts.name = span_skip(parts.name, at + 1);
		tool_parts_cut(&parts.name, SPAN_LIT("+0x"));
	} else {
		parts.name.len = 0;
	}
	lines->next++;
	tool_parts_write_frame(&parts, ret);
	return true;
}
