#include "merger/parse/tool_lines.h"

#include "merger/parse/debugger_lines.h"
#include "merger/parse/runtime_lines.h"

/* The start of a tool's stack */

static const struct {
	struct span begin, has;
	enum tool tool;
} heads[] = {
	{ SPAN_INIT("stack backtrace:"), SPAN_INIT(""), TOOL_RUST },
	{ SPAN_INIT("Stack backtrace:"), SPAN_INIT(""), TOOL_RUST },
	{ SPAN_INIT("Child-SP"), SPAN_INIT("RetAddr"), TOOL_WINDBG },
	{ SPAN_INIT("ChildEBP"), SPAN_INIT("RetAddr"), TOOL_WINDBG },
};

static enum tool find_head(struct span text)
{
	span_take(&text, SPAN_LIT("# ")); /* WinDbg's column of numbers */
	text = span_skip_blanks(text);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (span_starts(text, heads[i].begin) &&
		    tool_parts_find(text, heads[i].has, &(size_t){ 0 }))
			return heads[i].tool;
	return TOOL_NONE;
}

static bool take_head(struct tool_lines *lines, struct span text)
{
	enum tool tool = find_head(text);

	if (tool == TOOL_NONE)
		return false;
	*lines = (struct tool_lines){ .tool = tool };
	return true;
}

bool tool_lines_is_head(struct span text)
{
	return find_head(text) != TOOL_NONE;
}

static bool rewrite_thread(struct tool_lines *lines, struct span text, struct buf *ret)
{
	enum tool tool = TOOL_NONE;

	if (runtime_lines_goroutine(text, ret))
		tool = TOOL_GO;
	else if (runtime_lines_java_thread(text, ret))
		tool = TOOL_JAVA;
	else if (!debugger_lines_lldb_thread(text, ret) && !debugger_lines_windbg_thread(text, ret))
		return false;
	*lines = (struct tool_lines){ .tool = tool };
	return true;
}

/* A line within the stack of a tool that needs the lines before. */
static bool rewrite_rest(struct tool_lines *lines, struct span text, size_t indent, struct buf *ret)
{
	switch (lines->tool) {
	case TOOL_NONE:
		return false;
	case TOOL_ELFUTILS:
		return debugger_lines_elfutils_place(text, indent, ret);
	case TOOL_RUST:
		return runtime_lines_rust(text, ret);
	case TOOL_GO:
		return runtime_lines_go(lines, text, indent, ret);
	case TOOL_JAVA:
		return runtime_lines_java(lines, text, ret);
	case TOOL_WINDBG:
		return debugger_lines_windbg(lines, text, ret);
	}
	return false;
}

bool tool_lines_rewrite(struct tool_lines *lines, struct span text, size_t indent, struct buf *ret)
{
	struct tool_parts parts;

	if (!text.len)
		return false;
	if (text.ptr[0] == '#')
		return debugger_lines_numbered(lines, text, ret);
	if (debugger_lines_parse_lldb(text, &parts)) {
		tool_parts_write_frame(&parts, ret);
		return true;
	}
	return rewrite_thread(lines, text, ret) || take_head(lines, text) ||
	       rewrite_rest(lines, text, indent, ret);
}

bool tool_lines_is_frame(struct span text, uint32_t *number)
{
	struct tool_parts parts;

	if (!debugger_lines_parse_lldb(text, &parts))
		return false;
	*number = parts.number;
	return true;
}

bool tool_lines_is_thread(struct span text)
{
	struct buf ret = { 0 };
	bool found =
	        span_has(SPAN_LIT("g\"t."), text.len ? text.ptr[0] : ' ') &&
	        (runtime_lines_goroutine(text, &ret) || runtime_lines_java_thread(text, &ret) ||
	         debugger_lines_lldb_thread(text, &ret) ||
	         debugger_lines_windbg_thread(text, &ret));

	buf_deinit(&ret);
	return found;
}
