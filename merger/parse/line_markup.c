#include "merger/parse/line_markup.h"

#include <ctype.h>
#include <strings.h>

#include "merger/base/number.h"

/* Tags are searched no further than this, so that time is linear. */
#define TAG_MAX 2048

/* Text and what it stands for. HTML that was escaped twice comes before that escaped once. */
static const struct {
	struct span from, to;
} texts[] = {
	{ SPAN_INIT("&amp;lt;"), SPAN_INIT("<") },
	{ SPAN_INIT("&amp;gt;"), SPAN_INIT(">") },
	{ SPAN_INIT("&amp;amp;"), SPAN_INIT("&") },
	{ SPAN_INIT("&amp;quot;"), SPAN_INIT("\"") },
	{ SPAN_INIT("&lt;"), SPAN_INIT("<") },
	{ SPAN_INIT("&gt;"), SPAN_INIT(">") },
	{ SPAN_INIT("&amp;"), SPAN_INIT("&") },
	{ SPAN_INIT("&quot;"), SPAN_INIT("\"") },
	{ SPAN_INIT("&apos;"), SPAN_INIT("'") },
	{ SPAN_INIT("&nbsp;"), SPAN_INIT(" ") },
	{ SPAN_INIT("&num;"), SPAN_INIT("#") },
	{ SPAN_INIT("&lowbar;"), SPAN_INIT("_") },
	/* the marks of Markdown, if they were escaped; none of them is an escape of C */
	{ SPAN_INIT("\\_"), SPAN_INIT("_") },
	{ SPAN_INIT("\\#"), SPAN_INIT("#") },
	{ SPAN_INIT("\\*"), SPAN_INIT("*") },
	{ SPAN_INIT("\\<"), SPAN_INIT("<") },
	{ SPAN_INIT("\\>"), SPAN_INIT(">") },
	{ SPAN_INIT("\\["), SPAN_INIT("[") },
	{ SPAN_INIT("\\]"), SPAN_INIT("]") },
	{ SPAN_INIT("\\~"), SPAN_INIT("~") },
	/* UTF-8 */
	{ SPAN_INIT("\xc2\xa0"), SPAN_INIT(" ") },      /* no-break space */
	{ SPAN_INIT("\xe2\x80\x83"), SPAN_INIT(" ") },  /* em space */
	{ SPAN_INIT("\xe2\x80\x82"), SPAN_INIT(" ") },  /* en space */
	{ SPAN_INIT("\xe2\x80\x87"), SPAN_INIT(" ") },  /* figure space */
	{ SPAN_INIT("\xe2\x80\x89"), SPAN_INIT(" ") },  /* thin space */
	{ SPAN_INIT("\xe2\x80\xaf"), SPAN_INIT(" ") },  /* narrow no-break space */
	{ SPAN_INIT("\xe3\x80\x80"), SPAN_INIT(" ") },  /* ideographic space */
	{ SPAN_INIT("\xe2\x80\x8b"), SPAN_INIT("") },   /* zero width space */
	{ SPAN_INIT("\xef\xbb\xbf"), SPAN_INIT("") },   /* byte order mark */
	{ SPAN_INIT("\xe2\x80\x9c"), SPAN_INIT("\"") }, /* quotation marks */
	{ SPAN_INIT("\xe2\x80\x9d"), SPAN_INIT("\"") },
	{ SPAN_INIT("\xe2\x80\x98"), SPAN_INIT("'") },
	{ SPAN_INIT("\xe2\x80\x99"), SPAN_INIT("'") },
	{ SPAN_INIT("\xe2\x80\xa6"), SPAN_INIT("...") }, /* ellipsis */
	{ SPAN_INIT("\xe2\x80\xa8"), SPAN_INIT("\n") },  /* line separator */
};

/* HTML elements that people's text contains, and what their end tags stand for. */
static const struct {
	const char *name;
	const char *end;
} elements[] = {
	{ "a", "" },       { "b", "" },       { "code", "" },
	{ "em", "" },      { "font", "" },    { "i", "" },
	{ "kbd", "" },     { "mark", "" },    { "samp", "" },
	{ "small", "" },   { "span", "" },    { "strong", "" },
	{ "tt", "" },      { "u", "" },       { "wbr", "" },
	{ "td", " " },     { "th", " " },     { "nobr", "" },
	{ "br", "\n" },    { "hr", "\n" },    { "p", "\n" },
	{ "li", "\n" },    { "div", "\n" },   { "tr", "\n" },
	{ "pre", "\n" },   { "ul", "\n" },    { "ol", "\n" },
	{ "table", "\n" }, { "tbody", "\n" }, { "blockquote", "\n" },
};

/* Marks behind a frame or a header. None of them ends one. */
static const struct span tails[] = {
	SPAN_INIT("`"),   SPAN_INIT("**"), SPAN_INIT("{code}"), SPAN_INIT("{noformat}"),
	SPAN_INIT("'''"), SPAN_INIT(" |"), SPAN_INIT("||"),     SPAN_INIT(" \\"),
};

/* Marks around a function's name. */
static const struct span name_marks[] = { SPAN_INIT("**"), SPAN_INIT("`") };

void line_markup_deinit(struct line_markup *markup)
{
	buf_deinit(&markup->text);
	buf_deinit(&markup->names);
}

/* Text copied from a terminal with several windows contains their borders (U+2500 to U+257F). The
 * text after a border is not gdb's. */
static struct span cut_screen(struct span s)
{
	const char *end = span_skip(s, s.len).ptr;
	const char *from = s.ptr, *hit;

	while (from < end && (hit = memchr(from, 0xe2, (size_t)(end - from)))) {
		if (end - hit > 2 &&
		    ((unsigned char)hit[1] == 0x94 || (unsigned char)hit[1] == 0x95))
			return (struct span){ s.ptr, (size_t)(hit - s.ptr) };
		from = hit + 1;
	}
	return s;
}

/* A colour or another setting of the terminal: ESC [ parameters letter (ECMA-48, 5.4). */
static bool take_style(struct span *s)
{
	struct span rest = *s;

	if (!span_take(&rest, SPAN_LIT("\033[")))
		return false;
	while (rest.len && rest.ptr[0] >= ' ' && rest.ptr[0] < '@')
		rest = span_skip(rest, 1);
	if (!rest.len || rest.ptr[0] < '@' || rest.ptr[0] > '~')
		return false;
	*s = span_skip(rest, 1);
	/* readline prints "ESC[?2004l\r#0 ...". */
	span_take(s, SPAN_LIT("\r"));
	return true;
}

/* An old Macintosh's end of a line, or a progress bar's. */
static bool take_return(struct span *s, struct buf *to)
{
	if (s->ptr[0] != '\r')
		return false;
	while (s->len && s->ptr[0] == '\r')
		*s = span_skip(*s, 1);
	buf_add(to, "\n", 1);
	return true;
}

/* The number of the element; -1: it is none. Consumes the name. */
static int take_element(struct span *s)
{
	size_t len = 0;

	while (len < s->len && isalpha((unsigned char)s->ptr[len]))
		len++;
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		if (len != strlen(elements[i].name) ||
		    strncasecmp(elements[i].name, s->ptr, len) != 0)
			continue;
		*s = span_skip(*s, len);
		return (int)i;
	}
	return -1;
}

/* "</b>" */
static bool has_end_tag(struct span s, const char *name)
{
	size_t len = strlen(name);

	s.len = s.len < TAG_MAX ? s.len : TAG_MAX;
	while (s.len > len + 2) {
		const char *hit = memmem(s.ptr, s.len, "</", 2);

		if (!hit)
			return false;
		s = span_skip(s, (size_t)(hit - s.ptr) + 2);
		if (s.len > len && !strncasecmp(s.ptr, name, len) && s.ptr[len] == '>')
			return true;
	}
	return false;
}

/* A line break has no end tag; "f<br>" may also be C++. */
static bool is_break(int element, struct span rest)
{
	const char *name = elements[element].name;

	if (strcmp(name, "br") != 0 && strcmp(name, "hr") != 0 && strcmp(name, "p") != 0 &&
	    strcmp(name, "li") != 0)
		return false;
	rest = span_skip_blanks(rest);
	return !rest.len || span_has(SPAN_LIT("#<\r"), rest.ptr[0]) ||
	       span_starts(rest, SPAN_LIT("Thread "));
}

/* The end of attributes: "class='x' href=y>" */
static bool take_attributes(struct span *s)
{
	size_t len = s->len < TAG_MAX ? s->len : TAG_MAX;
	const char *equal, *close = memchr(s->ptr, '>', len);

	if (!close || s->ptr[0] != ' ')
		return false;
	equal = memchr(s->ptr, '=', (size_t)(close - s->ptr));
	if (!equal)
		return false;
	*s = span_skip(*s, (size_t)(close - s->ptr) + 1);
	return true;
}

/* A tag. "std::less<a>" is none: an element needs an attribute, or its end tag in the line. */
static bool take_tag(struct span *s, struct buf *to)
{
	struct span rest = *s;
	int element;
	bool end;

	if (!span_take(&rest, SPAN_LIT("<")))
		return false;
	end = span_take(&rest, SPAN_LIT("/"));
	element = take_element(&rest);
	if (element < 0 || !rest.len)
		return false;
	if (end) {
		if (!span_take(&rest, SPAN_LIT(">")))
			return false;
	} else if (span_take(&rest, SPAN_LIT("/>")) || span_take(&rest, SPAN_LIT(" />"))) {
		end = true;
	} else if (span_take(&rest, SPAN_LIT(">"))) {
		end = is_break(element, rest);
		if (!end && !has_end_tag(rest, elements[element].name))
			return false;
	} else if (!take_attributes(&rest)) {
		return false;
	}
	if (end)
		buf_add_span(to, span_of(elements[element].end));
	*s = rest;
	return true;
}

/* "&#39;", "&#x27;": a character of ASCII. */
static bool take_character(struct span *s, struct buf *to)
{
	struct span rest = *s;
	uint64_t code;
	char byte;

	if (!span_take(&rest, SPAN_LIT("&#")))
		return false;
	if (!number_take(&rest, span_take(&rest, SPAN_LIT("x")) ? 16 : 10, &code) ||
	    !span_take(&rest, SPAN_LIT(";")) || code > 160)
		return false;
	byte = code == 160 ? ' ' : (char)code;
	if (code >= 128 && code != 160)
		return false;
	if (byte >= ' ' || byte == '\n' || byte == '\t')
		buf_add(to, &byte, 1);
	*s = rest;
	return true;
}

static bool take_text(struct span *s, struct buf *to)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!span_take(s, texts[i].from))
			continue;
		buf_add_span(to, texts[i].to);
		return true;
	}
	return false;
}

/* A no-break space of Latin-1: no byte of UTF-8 stands alone. */
static bool take_latin_blank(struct span *s, struct buf *to)
{
	if ((unsigned char)s->ptr[0] != 0xa0 || (to->len && (to->ptr[to->len - 1] & 0x80)))
		return false;
	buf_add(to, " ", 1);
	*s = span_skip(*s, 1);
	return true;
}

static bool take_markup(struct span *s, struct buf *to)
{
	switch ((unsigned char)s->ptr[0]) {
	case '\033':
		return take_style(s);
	case '\r':
		return take_return(s, to);
	case '<':
		return take_tag(s, to);
	case '&':
		return take_character(s, to) || take_text(s, to);
	case '\\':
	case 0xc2:
	case 0xe2:
	case 0xe3:
	case 0xef:
		return take_text(s, to);
	case 0xa0:
		return take_latin_blank(s, to);
	}
	return false;
}

/* Bytes with which mark-up begins. */
static const bool starts[256] = {
	['\033'] = true, ['\r'] = true, ['<'] = true,  ['&'] = true,  ['\\'] = true,
	[0xc2] = true,   [0xe2] = true, [0xe3] = true, [0xef] = true, [0xa0] = true,
};

bool line_markup_may_be_in(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (starts[(unsigned char)line.ptr[i]])
			return true;
	return false;
}

struct span line_markup_clean(struct line_markup *markup, struct span line)
{
	struct span rest = line = cut_screen(line), from = line;
	bool found = false;

	buf_clear(&markup->text);
	while (rest.len) {
		if (!starts[(unsigned char)rest.ptr[0]]) {
			rest = span_skip(rest, 1);
			continue;
		}
		buf_add(&markup->text, from.ptr, from.len - rest.len);
		from = rest;
		if (take_markup(&rest, &markup->text)) {
			from = rest;
			found = true;
		} else {
			rest = span_skip(rest, 1);
		}
	}
	if (!found)
		return line;
	buf_add_span(&markup->text, from);
	return buf_span(&markup->text);
}

static bool cut_tail(struct span *text)
{
	struct span trimmed = span_trim(*text);

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		if (!span_ends(trimmed, tails[i]))
			continue;
		text->len = (size_t)(trimmed.ptr + trimmed.len - tails[i].len - text->ptr);
		return true;
	}
	return false;
}

/* The end of the string, the tag or the row that has the frame: `w.c:30">`, `libc.so.6",` */
static void cut_quote(struct span *text)
{
	struct span word = *text, before;
	size_t digits;

	for (size_t i = text->len; i > 0 && text->ptr[i - 1] != ' '; i--)
		word = span_skip(*text, i - 1);
	before = (struct span){ text->ptr, text->len - word.len };
	if (span_ends(before, SPAN_LIT(" from "))) {
		for (size_t i = 0; i < word.len; i++)
			if (span_has(SPAN_LIT("\"'<>"), word.ptr[i]))
				word.len = i;
		text->len = before.len + word.len;
		return;
	}
	if (!span_ends(before, SPAN_LIT(" at ")))
		return;
	for (size_t i = 1; i < word.len; i++) {
		if (word.ptr[i - 1] != ':' || !number_is_digit(word.ptr[i]))
			continue;
		for (digits = i; digits < word.len && number_is_digit(word.ptr[digits]); digits++)
			;
		if (digits < word.len && span_has(SPAN_LIT("\"',;<>]}"), word.ptr[digits]))
			text->len = before.len + digits;
		return;
	}
}

/* The first mark comes after a blank, and its second directly after the name. */
static bool find_name_marks(struct span text, struct span mark, size_t *first, size_t *second)
{
	const char *hit = memmem(text.ptr, text.len, mark.ptr, mark.len);
	struct span rest;

	if (!hit || hit == text.ptr || hit[-1] != ' ')
		return false;
	*first = (size_t)(hit - text.ptr);
	rest = span_skip(text, *first + mark.len);
	hit = memmem(rest.ptr, rest.len, mark.ptr, mark.len);
	if (!hit || hit == rest.ptr || memchr(rest.ptr, '(', (size_t)(hit - rest.ptr)) ||
	    hit[-1] == ' ')
		return false;
	rest = span_skip(rest, (size_t)(hit - rest.ptr) + mark.len);
	*second = (size_t)(hit - text.ptr);
	return !rest.len || rest.ptr[0] == ' ' || rest.ptr[0] == '(';
}

struct span line_markup_clean_frame(struct line_markup *markup, struct span frame)
{
	size_t first, second;

	while (cut_tail(&frame))
		;
	cut_quote(&frame);
	for (size_t i = 0; i < sizeof(name_marks) / sizeof(name_marks[0]); i++) {
		struct span mark = name_marks[i];

		if (!find_name_marks(frame, mark, &first, &second))
			continue;
		buf_clear(&markup->names);
		buf_add(&markup->names, frame.ptr, first);
		buf_add(&markup->names, frame.ptr + first + mark.len, second - first - mark.len);
		buf_add_span(&markup->names, span_skip(frame, second + mark.len));
		return buf_span(&markup->names);
	}
	return frame;
}
