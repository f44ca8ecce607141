#include "merger/base/escape.h"

#include <stdint.h>

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Decodes the character at the front of s, which is not empty: stores its code point in *ret and
 * returns its length in bytes; 0 if it is not UTF-8 (overlong forms and surrogates are not). */
static size_t decode_utf8(struct span s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t point;

	if (len == 1) {
		*ret = p[0];
		return 1;
	}
	if (len == 0 || len > s.len || p[0] > 0xf4)
		return 0;
	point = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(p[i]))
			return 0;
		point = point << 6 | (p[i] & 0x3f);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret = point;
	return len;
}

/* The code points that escape.h lists: they could end a line, end a frame of a collapsed stack, or
 * reverse the direction of text. */
static bool is_unsafe(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} unsafe[] = {
		{ 0x00, 0x1f },     { ';', ';' },       { 0x7f, 0x9f },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
	};

	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (point >= unsafe[i].first && point <= unsafe[i].last)
			return true;
	return false;
}

/* The length in bytes of the safe character at the front of s; 0 if it must be escaped. */
static size_t safe_length(struct span s)
{
	unsigned char c = (unsigned char)s.ptr[0];
	uint32_t point;
	size_t len;

	if (c >= 0x20 && c < 0x7f)
		return c != ';';
	len = decode_utf8(s, &point);
	return len && !is_unsafe(point) ? len : 0;
}

/* The length in bytes of the character at the front of s; 1 if it is not UTF-8. */
static size_t unit_length(struct span s)
{
	uint32_t point;
	size_t len = decode_utf8(s, &point);

	return len ? len : 1;
}

bool escape_is_clean(struct span s)
{
	if (s.len > ESCAPE_MAX)
		return false;
	while (s.len) {
		size_t len = safe_length(s);

		if (!len)
			return false;
		s = span_skip(s, len);
	}
	return true;
}

void escape_add(struct buf *out, struct span s)
{
	static const char dots[] = "...";
	size_t start = out->len;
	size_t cut = start; /* the last length that leaves room for the dots */

	while (s.len) {
		size_t len = safe_length(s);

		if (len) {
			buf_add(out, s.ptr, len);
		} else {
			len = unit_length(s);
			for (size_t i = 0; i < len; i++)
				buf_printf(out, "\\x%02x", (unsigned char)s.ptr[i]);
		}
		if (out->len - start > ESCAPE_MAX) {
			out->len = cut;
			buf_add(out, dots, sizeof(dots) - 1);
			return;
		}
		if (out->len - start <= ESCAPE_MAX - (sizeof(dots) - 1))
			cut = out->len;
		s = span_skip(s, len);
	}
}

void escape_mask(char *text)
{
	size_t at = 0, size = strlen(text);

	while (at < size) {
		struct span s = { text + at, size - at };
		size_t len = s.ptr[0] == ';' ? 1 : safe_length(s);

		if (!len) {
			len = unit_length(s);
			memset(text + at, '?', len);
		}
		at += len;
	}
}

void escape_add_text(struct buf *out, struct span s)
{
	while (s.len) {
		const char *semicolon = memchr(s.ptr, ';', s.len);
		size_t len = semicolon ? (size_t)(semicolon - s.ptr) : s.len;

		escape_add(out, (struct span){ s.ptr, len });
		if (semicolon)
			buf_add(out, ";", 1);
		s = span_skip(s, len + 1);
	}
}
