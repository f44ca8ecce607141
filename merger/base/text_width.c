#include "merger/base/text_width.h"

#include <stdint.h>

/* In ascending order: a simplification of Unicode 14.0.0 (EastAsianWidth.txt, UnicodeData.txt). A
 * block whose characters are mostly wide (East_Asian_Width W or F) has width 2 as a whole, its few
 * narrow ones too (the hexagrams U+4DC0-4DFF, some symbols of U+1F300-1F5FF). All other characters
 * have width 1, even if they are wide (Tangut, Kana U+1AFF0-1B2FB, emoji in U+231A-2B55,
 * U+1F680-1F6FC and from U+1FA70) or combine (the marks of other scripts than those listed with
 * width 0). */
static const struct range {
	uint32_t first, last;
	unsigned width;
} ranges[] = {
	{ 0x0300, 0x036f, 0 },   { 0x1100, 0x115f, 2 },   { 0x200b, 0x200d, 0 },
	{ 0x20d0, 0x20ff, 0 },   { 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },
	{ 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },
	{ 0xfe20, 0xfe2f, 0 },   { 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },
	{ 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 },
	{ 0x20000, 0x3fffd, 2 },
};

static unsigned find_width(uint32_t code)
{
	if (code < ranges[0].first)
		return 1;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code <= ranges[i].last)
			return code >= ranges[i].first ? ranges[i].width : 1;
	return 1;
}

/* Takes one character off the front and returns its width. A byte that is not UTF-8 has width 1. */
static unsigned take_character(struct span *text)
{
	unsigned char lead = (unsigned char)text->ptr[0];
	size_t len = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t code = len == 1 ? lead : lead & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if (i >= text->len || ((unsigned char)text->ptr[i] & 0xc0) != 0x80) {
			*text = span_skip(*text, 1);
			return 1;
		}
		code = code << 6 | ((unsigned char)text->ptr[i] & 0x3f);
	}
	*text = span_skip(*text, len);
	return find_width(code);
}

size_t text_width_of(struct span text)
{
	size_t sum = 0;

	while (text.len)
		sum += take_character(&text);
	return sum;
}

struct span text_width_cut(struct span text, size_t max)
{
	struct span rest = text;
	size_t used = 0;

	while (rest.len) {
		struct span after = rest;

		used += take_character(&after);
		if (used > max)
			break;
		rest = after;
	}
	text.len -= rest.len;
	return text;
}
