#include "merger/parse/gdb_frame_fast.h"

#include <endian.h>

/* Where a byte may occur. Control characters, '&' (HTML) and bytes that are not ASCII: nowhere. */
enum byte_class {
	BYTE_NAME = 1,  /* in a name: no brackets, no quotes, no blanks */
	BYTE_PLACE = 2, /* in a path */
	BYTE_ARGS = 4,  /* in arguments, without a meaning of its own */
	BYTE_DIGIT = 8,
	BYTE_HEX = 16, /* lower case, as gdb prints it */
};

#define WORD (BYTE_NAME | BYTE_PLACE | BYTE_ARGS)
#define PATH (BYTE_PLACE | BYTE_ARGS)

static const unsigned char bytes[256] = {
	['a' ... 'f'] = WORD | BYTE_HEX,
	['g' ... 'z'] = WORD,
	['A' ... 'Z'] = WORD,
	['0' ... '9'] = WORD | BYTE_DIGIT | BYTE_HEX,
	['_'] = WORD,
	['$'] = WORD,
	['.'] = WORD,
	['@'] = WORD,
	['~'] = WORD,
	['?'] = WORD,
	[':'] = BYTE_NAME | BYTE_ARGS, /* a path's last one comes before its line */
	['/'] = PATH,
	['-'] = PATH,
	['+'] = PATH,
	[','] = PATH,
	['='] = PATH,
	[' '] = BYTE_ARGS,
	['<'] = BYTE_ARGS,
	['>'] = BYTE_ARGS,
	['['] = BYTE_ARGS,
	[']'] = BYTE_ARGS,
	['{'] = BYTE_ARGS,
	['}'] = BYTE_ARGS,
	['*'] = BYTE_ARGS,
	['!'] = BYTE_ARGS,
	['#'] = BYTE_ARGS,
	['%'] = BYTE_ARGS,
	['|'] = BYTE_ARGS,
	['^'] = BYTE_ARGS,
};

/* A number with more digits may overflow. */
#define DECIMAL_MAX 9
#define HEX_MAX 16

static inline unsigned get_class(const char *at)
{
	return bytes[(unsigned char)*at];
}

/* Skips bytes of the class. Four at a time, as a byte's class does not depend on the one before. */
static inline const char *skip_class(const char *at, const char *end, unsigned class)
{
	while (end - at >= 4 &&
	       get_class(at) & get_class(at + 1) & get_class(at + 2) & get_class(at + 3) & class)
		at += 4;
	while (at < end && get_class(at) & class)
		at++;
	return at;
}

static uint32_t parse_decimal(const char *at, const char *end)
{
	uint32_t number = 0;

	for (; at < end; at++)
		number = number * 10 + (uint32_t)(*at - '0');
	return number;
}

/* Takes 8 digits at a time, as gdb writes most addresses with 16. 'a' is 0x61, '0' is 0x30. */
static uint64_t parse_hexadecimal(const char *at, const char *end)
{
	uint64_t number = 0, text;

	for (; end - at >= 8; at += 8) {
		memcpy(&text, at, sizeof(text));
		text = be64toh(text);
		text = (text & 0x0f0f0f0f0f0f0f0f) + 9 * (text >> 6 & 0x0101010101010101);
		text = (text | text >> 4) & 0x00ff00ff00ff00ff;
		text = (text | text >> 8) & 0x0000ffff0000ffff;
		number = number << 32 | (uint32_t)(text | text >> 16);
	}
	for (; at < end; at++)
		number = number << 4 | (uint64_t)((*at & 15) + 9 * (*at >> 6));
	return number;
}

/* Each scan_ function returns the address after its part of the line; NULL if the part is missing
 * or not simple. "#N  ": */
static const char *scan_frame_number(const char *at, const char *end, struct gdb_frame *ret)
{
	const char *digits = at + 1;

	if (at == end || *at != '#')
		return NULL;
	at = skip_class(digits, end, BYTE_DIGIT);
	if (at == digits || at - digits > DECIMAL_MAX || at == end || *at != ' ')
		return NULL;
	ret->number = parse_decimal(digits, at);
	while (at < end && *at == ' ')
		at++;
	return at;
}

/* "0xADDR in ", which may be missing. */
static const char *scan_address(const char *at, const char *end, struct gdb_frame *ret)
{
	const char *digits = at + 2;

	if (end - at < 2 || at[0] != '0' || at[1] != 'x')
		return at;
	at = skip_class(digits, end, BYTE_HEX);
	if (at == digits || at - digits > HEX_MAX || end - at < 4 || memcmp(at, " in ", 4) != 0)
		return NULL;
	ret->has_addr = true;
	ret->addr = parse_hexadecimal(digits, at);
	return at + 4;
}

static bool is_before_args(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == ' ' && at[1] == '(';
}

/* "fn 0x1fcd40", "fn 0x1fcd40 of list.sort", in the place of a name. */
static const char *scan_start(const char *at, const char *end)
{
	struct span text = { at, (size_t)(end - at) };

	if (!span_take(&text, SPAN_LIT("fn 0x")))
		return NULL;
	at = skip_class(text.ptr, end, BYTE_HEX);
	text = (struct span){ at, (size_t)(end - at) };
	if (span_take(&text, SPAN_LIT(" of ")))
		at = skip_class(text.ptr, end, BYTE_NAME);
	return is_before_args(at, end) ? at : NULL;
}

static const char *scan_name(const char *at, const char *end, struct gdb_frame *ret)
{
	const char *from = at;

	at = skip_class(at, end, BYTE_NAME);
	if (at == from)
		return NULL;
	if (!is_before_args(at, end)) {
		at = scan_start(from, end);
		if (!at)
			return NULL;
	}
	ret->name = (struct span){ from, (size_t)(at - from) };
	if (span_ends(ret->name, SPAN_LIT("operator")))
		return NULL;
	if (span_eq(ret->name, SPAN_LIT("??")))
		ret->name = (struct span){ NULL, 0 };
	return at + 2;
}

/* The string whose opening quote is at `at`. */
static const char *scan_string(const char *at, const char *end)
{
	char quote = *at++;

	for (; at < end && *at != quote; at++) {
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f || *at == '&')
			return NULL;
		if (*at == '\\' && ++at == end)
			return NULL;
	}
	return at < end ? at + 1 : NULL;
}

/* The arguments and the ')' after them. A quote opens a string only at the start of a value. */
static const char *scan_args(const char *at, const char *end, struct gdb_frame *ret)
{
	const char *from = at;
	size_t depth = 1;

	for (;;) {
		at = skip_class(at, end, BYTE_ARGS);
		if (at == end)
			return NULL;
		if (*at == '(') {
			depth++;
		} else if (*at == ')') {
			if (--depth == 0)
				break;
		} else if ((*at == '"' || *at == '\'') && (at[-1] == ' ' || at[-1] == '=')) {
			at = scan_string(at, end);
			if (!at)
				return NULL;
			continue;
		} else {
			return NULL;
		}
		at++;
	}
	ret->args = (struct span){ from, (size_t)(at - from) };
	return at + 1;
}

static bool scan_place(const char *at, const char *end, struct gdb_frame *ret)
{
	const char *from, *digits;

	if (at == end) {
		ret->state = GDB_FRAME_CLOSED;
		return ret->has_addr && !ret->args.len;
	}
	if (end - at > 6 && !memcmp(at, " from ", 6)) {
		struct span path = { at + 6, (size_t)(end - at) - 6 };

		ret->module = path;
		return skip_class(path.ptr, end, BYTE_PLACE) == end &&
		       !span_starts(path, SPAN_LIT("/proc/"));
	}
	if (end - at < 4 || memcmp(at, " at ", 4) != 0)
		return false;
	from = at + 4;
	at = skip_class(from, end, BYTE_PLACE);
	digits = at + 1;
	if (at == from || at == end || *at != ':' || digits == end || end - digits > DECIMAL_MAX ||
	    skip_class(digits, end, BYTE_DIGIT) != end)
		return false;
	ret->file = (struct span){ from, (size_t)(at - from) };
	ret->line = parse_decimal(digits, end);
	return true;
}

bool gdb_frame_fast_parse(struct span text, struct gdb_frame *ret)
{
	const char *at = text.ptr, *end = text.ptr + text.len;

	/* Member by member: the compiler makes a loop of clearing the whole struct. */
	ret->has_addr = false;
	ret->clones = (struct span){ NULL, 0 };
	ret->addr = 0;
	ret->args = ret->file = ret->module = (struct span){ NULL, 0 };
	ret->line = 0;
	ret->special = NATIVE_PLAIN;
	ret->state = GDB_FRAME_DONE;
	at = scan_frame_number(at, end, ret);
	at = at ? scan_address(at, end, ret) : NULL;
	at = at ? scan_name(at, end, ret) : NULL;
	at = at ? scan_args(at, end, ret) : NULL;
	return at && scan_place(at, end, ret);
}
