#include "merger/parse/runtime_lines.h"

#include "merger/base/number.h"

/* Rust */

/* "::h0123456789abcdef", which older versions print */
static void cut_hash(struct span *name)
{
	const size_t len = sizeof("::h0123456789abcdef") - 1;
	struct span hash;
	uint64_t value;

	if (name->len <= len)
		return;
	hash = span_skip(*name, name->len - len);
	if (span_take(&hash, SPAN_LIT("::h")) && number_take(&hash, 16, &value) && !hash.len)
		name->len -= len;
}

/* "0: NAME", "0:     0x55d0 - NAME"; its place is on the next line. */
bool runtime_lines_rust(struct span text, struct buf *ret)
{
	struct tool_parts parts = { 0 };
	struct span rest;

	if (!number_take32(&text, &parts.number) || !span_take(&text, SPAN_LIT(": ")))
		return span_starts(text, SPAN_LIT("at ")) ? buf_add_span(ret, text), true : false;
	text = rest = span_trim(text);
	if (tool_parts_take_hex(&rest, &parts.addr)) {
		rest = span_skip_blanks(rest);
		parts.has_addr = span_take(&rest, SPAN_LIT("- "));
		text = parts.has_addr ? rest : text;
	}
	parts.name = text;
	if (span_eq(parts.name, SPAN_LIT("<unknown>")))
		parts.name.len = 0;
	cut_hash(&parts.name);
	tool_parts_write_frame(&parts, ret);
	return true;
}

/* Go */

/* "goroutine 1 [chan receive, 5 minutes]:", "goroutine 1 gp=0xc0 m=0 mp=0x1 [select]:" */
bool runtime_lines_goroutine(struct span text, struct buf *ret)
{
	struct buf name = { 0 };
	uint32_t number;
	size_t open;

	if (!span_take(&text, SPAN_LIT("goroutine ")) || !number_take32(&text, &number) ||
	    !span_ends(text, SPAN_LIT("]:")) || !tool_parts_find(text, SPAN_LIT("["), &open))
		return false;
	text = span_skip(text, open + 1);
	text.len -= 2;
	buf_printf(&name, "goroutine %u: %.*s", number, SPAN_ARG(text));
	/* g0 is no number of a thread */
	tool_parts_write_thread(number, number ? number : 1, buf_span(&name), ret);
	buf_deinit(&name);
	return true;
}

/* "\t/src/main.go:12 +0x1d" */
static bool rewrite_go_place(struct span text, struct buf *ret)
{
	struct tool_parts parts = { 0 };

	tool_parts_cut(&text, SPAN_LIT(" +0x"));
	tool_parts_split_place(text, &parts);
	if (!parts.line || memchr(parts.file.ptr, ' ', parts.file.len))
		return false;
	buf_printf(ret, "at %.*s:%u", SPAN_ARG(parts.file), parts.line);
	return true;
}

bool runtime_lines_go(struct tool_lines *lines, struct span text, size_t indent, struct buf *ret)
{
	struct tool_parts parts = { .number = lines->next };

	if (span_starts(text, SPAN_LIT("...")))
		return true;
	if (span_take(&text, SPAN_LIT("created by "))) {
		tool_parts_cut(&text, SPAN_LIT(" in goroutine "));
		parts.name = text;
	} else if (!span_ends(text, SPAN_LIT(")"))) {
		return indent && rewrite_go_place(text, ret);
	} else {
		parts.name = text;
		tool_parts_split_args(&parts);
		if (!parts.args.ptr || memchr(parts.name.ptr, ' ', parts.name.len) ||
		    span_has(text, '"'))
			return false;
	}
	lines->next++;
	tool_parts_write_frame(&parts, ret);
	return true;
}

/* Java */

static const struct span java_notes[] = {
	SPAN_INIT("java.lang.Thread.State: "),
	SPAN_INIT("Locked ownable synchronizers:"),
	SPAN_INIT("- "),
};

/* "\"main\" #1 prio=5 os_prio=0 tid=0x00007f12 nid=0x1a03 waiting on condition [0x00007f12]" */
bool runtime_lines_java_thread(struct span text, struct buf *ret)
{
	struct span name, digits;
	uint64_t tid;
	uint32_t number = 0;
	size_t end;

	if (!span_take(&text, SPAN_LIT("\"")) || !tool_parts_find(text, SPAN_LIT("\" "), &end))
		return false;
	name = (struct span){ text.ptr, end };
	text = span_skip(text, end + 2);
	if (!tool_parts_find(text, SPAN_LIT("nid="), &end) ||
	    !tool_parts_find(text, SPAN_LIT("tid=0x"), &(size_t){ 0 }))
		return false;
	digits = span_skip(text, end + 4);
	if (!tool_parts_take_hex(&digits, &tid) && !number_take(&digits, 10, &tid))
		return false;
	if (span_take(&text, SPAN_LIT("#")))
		number_take32(&text, &number);
	tool_parts_write_thread(number ? number : (uint32_t)tid, tid, name, ret);
	return true;
}

/* "at java.base@17.0.1/java.lang.Thread.run(Thread.java:833)" */
bool runtime_lines_java(struct tool_lines *lines, struct span text, struct buf *ret)
{
	struct tool_parts parts = { .number = lines->next };
	size_t slash;

	for (size_t i = 0; i < sizeof(java_notes) / sizeof(java_notes[0]); i++)
		if (span_starts(text, java_notes[i]))
			return true;
	if (!span_take(&text, SPAN_LIT("at ")) || !span_ends(text, SPAN_LIT(")")))
		return false;
	parts.name = text;
	tool_parts_split_args(&parts);
	if (tool_parts_find_last(parts.name, SPAN_LIT("/"), &slash))
		parts.name = span_skip(parts.name, slash + 1);
	tool_parts_split_place(parts.args, &parts);
	parts.args = (struct span){ NULL, 0 };
	lines->next++;
	tool_parts_write_frame(&parts, ret);
	return true;
}
