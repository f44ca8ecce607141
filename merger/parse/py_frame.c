#include "merger/parse/py_frame.h"

#include "merger/parse/function_name.h"
#include "merger/base/number.h"
#include "merger/parse/raw_stack.h"

/* Finds the first complete `, line N, in ` (py-bt has a quote before it). File names may contain
 * commas and any other text. *file is the text before it, *rest the text after it. */
static bool split_py_place(struct span text, struct span before, struct span *file, uint32_t *line,
                           struct span *rest)
{
	const char *end = text.ptr + text.len, *from = text.ptr;
	const char *hit;

	while (from < end && (hit = memmem(from, (size_t)(end - from), before.ptr, before.len))) {
		struct span s = { hit + before.len, (size_t)(end - hit) - before.len };

		if (number_take32(&s, line) && span_take(&s, SPAN_LIT(", in "))) {
			*file = (struct span){ text.ptr, (size_t)(hit - text.ptr) };
			*rest = s;
			return true;
		}
		from = hit + 1;
	}
	return false;
}

/* "Frame 0xADDR, for file X, line N, in F (" */
static bool parse_py_frame(struct span text, struct py_text *ret)
{
	struct py_text frame = { .number = RAW_STACK_NO_NUMBER };
	struct span rest;
	const char *open;

	if (!span_take(&text, SPAN_LIT("Frame 0x")) || !number_take(&text, 16, &frame.addr) ||
	    !span_take(&text, SPAN_LIT(", for file ")) ||
	    !split_py_place(text, SPAN_LIT(", line "), &frame.file, &frame.line, &rest))
		return false;
	open = memmem(rest.ptr, rest.len, " (", 2);
	frame.name = open ? (struct span){ rest.ptr, (size_t)(open - rest.ptr) } : span_trim(rest);
	if (!frame.name.len)
		return false;
	*ret = frame;
	return true;
}

bool py_frame_starts_file(struct span text)
{
	return span_starts(text, SPAN_LIT("File \""));
}

bool py_frame_parse_file(struct span *text, struct py_text *ret)
{
	struct py_text frame = { .number = RAW_STACK_NO_NUMBER };
	struct span s = *text, rest;

	if (!span_take(&s, SPAN_LIT("File \"")) ||
	    !split_py_place(s, SPAN_LIT("\", line "), &frame.file, &frame.line, &rest))
		return false;
	frame.name = span_trim(rest);
	if (!frame.name.len)
		return false;
	*ret = frame;
	*text = span_skip(*text, text->len);
	return true;
}

static bool take_py_number(struct span *text, uint32_t *ret)
{
	struct span s = *text;
	uint64_t number;

	if (!span_take(&s, SPAN_LIT("#")) || !number_take(&s, 10, &number) || !s.len ||
	    s.ptr[0] != ' ')
		return false;
	*ret = number >= RAW_STACK_NO_NUMBER ? RAW_STACK_NO_NUMBER : (uint32_t)number;
	*text = span_trim(s);
	return true;
}

bool py_frame_starts_numbered(struct span text)
{
	uint32_t number;

	return take_py_number(&text, &number) && span_starts(text, SPAN_LIT("Frame 0x"));
}

bool py_frame_parse_numbered(struct span *text, struct py_text *ret)
{
	struct span s = *text;
	uint32_t number;

	if (!take_py_number(&s, &number) || !parse_py_frame(s, ret))
		return false;
	ret->number = number;
	*text = span_skip(*text, text->len);
	return true;
}

bool py_frame_is_complete(struct span text)
{
	struct function_name call;
	struct py_text frame;
	struct span s = text;

	if (!py_frame_parse_numbered(&s, &frame))
		return false;
	/* The name and its arguments have the form of those of a native frame. */
	function_name_parse(
	        (struct span){ frame.name.ptr, (size_t)(text.ptr + text.len - frame.name.ptr) },
	        &call);
	return call.end == FUNCTION_NAME_CLOSED;
}

bool py_frame_find(struct span args, struct py_text *ret)
{
	/* A real annotation is found at the first or second try. The limit is for made-up text. */
	unsigned tries = 16;
	static const struct span mark = SPAN_INIT("=Frame 0x");
	const char *end = args.ptr + args.len, *from = args.ptr;
	const char *hit;

	if (!span_has(args, 'F')) /* faster than memmem */
		return false;
	while (tries-- && from < end &&
	       (hit = memmem(from, (size_t)(end - from), mark.ptr, mark.len))) {
		struct span s = { hit + 1, (size_t)(end - hit) - 1 };

		if (parse_py_frame(s, ret))
			return true;
		from = hit + 1;
	}
	return false;
}
