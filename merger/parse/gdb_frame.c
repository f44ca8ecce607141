#include "merger/parse/gdb_frame.h"

#include <ctype.h>

#include "merger/parse/function_name.h"
#include "merger/base/number.h"

/* py-bt-full numbers its lines as bt does. These lines are not native frames. */
static const struct span python_notes[] = {
	SPAN_INIT("Frame 0x"),
	SPAN_INIT("Waiting for "),
	SPAN_INIT("Garbage-collecting"),
	SPAN_INIT("(unable to read python frame"),
	SPAN_INIT("(frame information optimized out"),
	SPAN_INIT("<built-in method "),
};

static const struct {
	struct span text;
	enum native_special special;
} specials[] = {
	{ SPAN_INIT("<signal handler called>"), NATIVE_SIGNAL },
	{ SPAN_INIT("<function called from gdb>"), NATIVE_PLAIN },
	{ SPAN_INIT("<cross-architecture call>"), NATIVE_PLAIN },
	{ SPAN_INIT("[KCrash Handler]"), NATIVE_PLAIN },
};

/* "#N" and the blanks after it. */
static bool take_frame_number(struct span *text, uint32_t *ret)
{
	struct span s = *text;
	uint64_t number;

	if (!span_take(&s, SPAN_LIT("#")) || !number_take(&s, 10, &number))
		return false;
	if (s.len && s.ptr[0] != ' ' && s.ptr[0] != '\t')
		return false;
	*ret = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
	*text = span_skip_blanks(s);
	return true;
}

bool gdb_frame_starts(struct span text)
{
	uint32_t number;

	if (!take_frame_number(&text, &number) || !text.len)
		return false;
	for (size_t i = 0; i < sizeof(python_notes) / sizeof(python_notes[0]); i++)
		if (span_starts(text, python_notes[i]))
			return false;
	return true;
}

/* "0xADDR in ", or an address and a tab (front ends), or "0xADDR [rxRE,...] in " (CHERI). */
static void take_address(struct span *text, struct gdb_frame *ret)
{
	struct span s = *text;
	uint64_t addr;

	if (!span_take(&s, SPAN_LIT("0x")) || !number_take(&s, 16, &addr))
		return;
	s = span_skip_blanks(s);
	if (s.len && s.ptr[0] == '[') {
		const char *close = memchr(s.ptr, ']', s.len);

		if (close)
			s = span_skip_blanks(span_skip(s, (size_t)(close - s.ptr) + 1));
	}
	if (s.len == 2 && span_starts(s, SPAN_LIT("in")))
		s = span_skip(s, 2);
	else
		span_take(&s, SPAN_LIT("in "));
	ret->has_addr = true;
	ret->addr = addr;
	*text = span_skip_blanks(s);
}

/* Finds the ":DIGITS" that ends the file name: at the end of text, or else the first before a blank
 * (text after the blank is a terminal window's or a mailer's). */
static bool split_line(struct span text, struct span *file, uint32_t *line)
{
	struct span best = { NULL, 0 };

	for (size_t i = 1; i + 1 < text.len; i++) {
		struct span digits = span_skip(text, i + 1);
		uint64_t number;
		bool at_end;

		if (text.ptr[i] != ':' || !number_take(&digits, 10, &number))
			continue;
		/* "file.c:12:3": some tools print the column too. */
		if (digits.len && digits.ptr[0] == ':') {
			uint64_t column;

			digits = span_skip(digits, 1);
			if (!number_take(&digits, 10, &column))
				continue;
		}
		at_end = !digits.len;
		if (!at_end && (best.ptr || digits.ptr[0] != ' '))
			continue;
		best = (struct span){ text.ptr, i };
		*line = number > UINT32_MAX ? 0 : (uint32_t)number;
		if (at_end)
			break;
	}
	if (best.ptr)
		*file = best;
	return best.ptr != NULL;
}

/* gdb prints "target:/lib/x.so" or "/proc/4711/root/lib/x.so" for a process whose mounts or root
 * differ from its own. Returns the path as the process has it. */
static struct span strip_root(struct span path)
{
	struct span rest = path;
	uint64_t pid;

	if (span_take(&path, SPAN_LIT("target:")))
		return path;
	if (span_take(&rest, SPAN_LIT("/proc/")) && number_take(&rest, 10, &pid) &&
	    span_take(&rest, SPAN_LIT("/root")) && span_starts(rest, SPAN_LIT("/")))
		return rest;
	return path;
}

/* Parses the text after the arguments. */
static enum gdb_frame_state parse_place(struct span text, struct gdb_frame *ret)
{
	text = span_trim(text);
	if (!text.len)
		return GDB_FRAME_CLOSED;
	if (span_eq(text, SPAN_LIT("at")) || span_eq(text, SPAN_LIT("from")))
		return GDB_FRAME_PLACE;
	if (span_take(&text, SPAN_LIT("from "))) {
		ret->module = strip_root(span_trim(text));
		return GDB_FRAME_DONE;
	}
	/* Mailers lose the blank: "at/home/x.c:12". */
	if (!span_take(&text, SPAN_LIT("at")))
		return GDB_FRAME_DONE;
	ret->file = text = span_trim(text);
	return split_line(text, &ret->file, &ret->line) ? GDB_FRAME_DONE : GDB_FRAME_PLACE;
}

static bool parse_special(struct span *text, struct gdb_frame *ret)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (!span_starts(*text, specials[i].text))
			continue;
		ret->name = specials[i].text;
		ret->special = specials[i].special;
		ret->state = GDB_FRAME_DONE;
		*text = span_skip(*text, text->len);
		return true;
	}
	return false;
}

/* "f x.c:12:3" without arguments, as sanitizers and similar tools print a frame. */
static void split_look_alike(struct gdb_frame *frame)
{
	struct span name = frame->name, file;

	for (size_t i = name.len; i > 0; i--) {
		if (name.ptr[i - 1] != ' ')
			continue;
		file = span_skip(name, i);
		if (split_line(file, &frame->file, &frame->line))
			frame->name = span_trim((struct span){ name.ptr, i });
		return;
	}
}

/* "f /srv/x.c:12:3 (a+0x42)", "f <null> (a+0x42)", "f (/srv/a+0x42)": sanitizers print the module
 * and an offset in the place of arguments. */
static void split_module(struct gdb_frame *frame)
{
	const char *plus =
	        frame->args.len ? memmem(frame->args.ptr, frame->args.len, "+0x", 3) : NULL;
	struct span module;

	if (!plus || memchr(frame->args.ptr, ' ', frame->args.len) ||
	    memchr(frame->args.ptr, '=', frame->args.len))
		return;
	module = (struct span){ frame->args.ptr, (size_t)(plus - frame->args.ptr) };
	if (span_ends(frame->name, SPAN_LIT(" <null>")))
		frame->name.len -= strlen(" <null>");
	else
		split_look_alike(frame);
	if (!frame->has_addr && memchr(frame->name.ptr, ' ', frame->name.len))
		return; /* prose */
	frame->module = module;
	frame->args.len = 0;
	frame->state = GDB_FRAME_DONE;
}

/* complete: no more text follows, so arguments without an end are closed if possible. */
static void parse_call(struct span text, bool complete, struct gdb_frame *ret)
{
	struct function_name found;

	function_name_parse(text, &found);
	if (complete)
		function_name_close(&found);
	ret->name = found.name;
	ret->args = found.args;
	ret->clones = found.clones;
	switch (found.end) {
	case FUNCTION_NAME_ONLY:
		ret->state = found.nested ? GDB_FRAME_NESTED : GDB_FRAME_NAME;
		if (complete && ret->has_addr)
			split_look_alike(ret);
		break;
	case FUNCTION_NAME_ARGS:
		ret->state = found.nested ? GDB_FRAME_NESTED : GDB_FRAME_ARGS;
		break;
	case FUNCTION_NAME_CLOSED:
		ret->state = parse_place(found.rest, ret);
		if (complete && ret->state == GDB_FRAME_CLOSED)
			split_module(ret);
		break;
	}
	if (span_eq(ret->name, SPAN_LIT("??")))
		ret->name = (struct span){ NULL, 0 };
}

/* "#4 .....", "#5 [...]", "#6 <snip>": what stands for frames that people have left out. */
static bool is_omission(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (isalnum((unsigned char)name.ptr[i]) || (name.ptr[i] & 0x80))
			return span_has(SPAN_LIT("<[("), name.ptr[0]) && !span_has(name, ':') &&
			       span_has(SPAN_LIT(">])"), name.ptr[name.len - 1]);
	return name.len > 0;
}

/* "#12 fixes a bug (again)". gdb omits the address only if it knows the file. */
static bool is_prose(const struct gdb_frame *frame)
{
	struct span name = frame->name;

	if (frame->has_addr || frame->state == GDB_FRAME_DONE || frame->special != NATIVE_PLAIN)
		return false;
	if (frame->state != GDB_FRAME_CLOSED && is_omission(name))
		return true;
	return name.len && memchr(name.ptr, ' ', name.len) &&
	       !memchr(name.ptr + 1, '<', name.len - 1) &&
	       !memmem(name.ptr, name.len, "operator", 8);
}

static bool parse_numbered(struct span text, bool complete, struct gdb_frame *ret)
{
	struct gdb_frame frame = { 0 };

	if (!gdb_frame_starts(text) || !take_frame_number(&text, &frame.number))
		return false;
	text = span_trim(text);
	if (!parse_special(&text, &frame)) {
		take_address(&text, &frame);
		if (!parse_special(&text, &frame))
			parse_call(text, complete, &frame);
	}
	*ret = frame;
	return true;
}

enum gdb_frame_state gdb_frame_state(struct span text)
{
	struct gdb_frame frame;

	return parse_numbered(text, false, &frame) ? frame.state : GDB_FRAME_DONE;
}

bool gdb_frame_parse(struct span *text, struct gdb_frame *ret)
{
	struct gdb_frame frame;

	if (!parse_numbered(*text, true, &frame) || is_prose(&frame))
		return false;
	*ret = frame;
	*text = span_skip(*text, text->len);
	return true;
}

bool gdb_frame_parse_bare(struct span *text, struct gdb_frame *ret)
{
	struct span s = span_trim(*text);
	struct gdb_frame frame = { 0 };

	take_address(&s, &frame);
	parse_call(s, true, &frame);
	if (frame.state != GDB_FRAME_DONE && !(frame.has_addr && frame.state == GDB_FRAME_CLOSED))
		return false;
	if (!frame.has_addr && !frame.file.len && !frame.module.len)
		return false;
	*ret = frame;
	*text = span_skip(*text, text->len);
	return true;
}
