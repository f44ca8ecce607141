#include "merger/parse/quoted_text.h"

#include <ctype.h>

#include "merger/base/number.h"
#include "merger/parse/line_anchor.h"

/* Lines of a string that are searched for an anchor. */
#define LINES_SEARCHED 64

static const struct {
	char escape, byte;
} escapes[] = {
	{ 'n', '\n' }, { 't', '\t' }, { 'r', '\r' },  { '"', '"' }, { '\'', '\'' },
	{ '/', '/' },  { 'b', ' ' },  { '\\', '\\' }, { 'f', ' ' }, { 'e', '\033' },
};

void quoted_text_deinit(struct quoted_text *quoted)
{
	buf_deinit(&quoted->key);
	buf_deinit(&quoted->string);
	buf_deinit(&quoted->name);
}

void quoted_text_clear(struct quoted_text *quoted)
{
	quoted->known = false;
}

/* A character of the basic plane, in UTF-8. */
static void add_character(struct buf *to, uint64_t code)
{
	char bytes[3];
	size_t count = 0;

	if (code < 0x80) {
		bytes[count++] = (char)code;
	} else {
		if (code < 0x800) {
			bytes[count++] = (char)(0xc0 | code >> 6);
		} else {
			bytes[count++] = (char)(0xe0 | code >> 12);
			bytes[count++] = (char)(0x80 | (code >> 6 & 0x3f));
		}
		bytes[count++] = (char)(0x80 | (code & 0x3f));
	}
	buf_add(to, bytes, count);
}

/* Exactly `digits` digits, after a letter: "u003c", "x1b", "342". */
static bool take_code(struct span *s, const char *letter, unsigned base, size_t digits,
                      uint64_t *ret)
{
	struct span rest = *s, number;

	if (!span_take(&rest, span_of(letter)) || rest.len < digits)
		return false;
	number = (struct span){ rest.ptr, digits };
	if (!number_take(&number, base, ret) || number.len)
		return false;
	*s = span_skip(rest, digits);
	return true;
}

/* The escape sequence after a backslash. An unknown one stays as it is. */
static void take_escape(struct span *s, struct buf *to)
{
	uint64_t code;
	char byte;

	if (take_code(s, "u", 16, 4, &code)) {
		add_character(to, code);
		return;
	}
	if (take_code(s, "x", 16, 2, &code) || take_code(s, "", 8, 3, &code)) {
		byte = (char)code;
		buf_add(to, &byte, 1);
		return;
	}
	for (size_t i = 0; s->len && i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		if (escapes[i].escape != s->ptr[0])
			continue;
		buf_add(to, &escapes[i].byte, 1);
		*s = span_skip(*s, 1);
		return;
	}
	buf_add(to, "\\", 1);
}

/* A quote before a letter begins a string in the string, such as a thread's name. */
static bool ends_string(struct span s, char quote)
{
	return quote && s.ptr[0] == quote && (s.len == 1 || !isalnum((unsigned char)s.ptr[1]));
}

/* Appends the text up to the quote, or to the end if there is none. '\0': no quote ends it. */
static void take_string(struct span *s, char quote, struct buf *to)
{
	struct span from = *s;

	while (s->len && !ends_string(*s, quote)) {
		if (s->ptr[0] != '\\') {
			*s = span_skip(*s, 1);
			continue;
		}
		buf_add(to, from.ptr, from.len - s->len);
		*s = span_skip(*s, 1);
		take_escape(s, to);
		from = *s;
	}
	buf_add(to, from.ptr, from.len - s->len);
	*s = span_skip(*s, 1);
}

static bool has_anchor(struct span text)
{
	struct line_anchor anchor;
	struct span line;

	for (int i = 0; i < LINES_SEARCHED && span_take_line(&text, &line); i++) {
		line = span_trim(line);
		span_take(&line, SPAN_LIT("* ")); /* lldb's */
		if (line_anchor_parse(line, &anchor))
			return true;
	}
	return false;
}

/* JSON that is a string of JSON has "\\n": its text still has escapes. */
static void decode_again(struct buf *text)
{
	struct buf once = { 0 };

	if (quoted_text_take_escaped(buf_span(text), &once)) {
		buf_clear(text);
		buf_add_span(text, buf_span(&once));
	}
	buf_deinit(&once);
}

static bool begins_string(struct span before, char c)
{
	char last = before.len ? before.ptr[before.len - 1] : ' ';

	/* an apostrophe is within a word; "b'...'" and "u'...'" are Python's */
	return c == '"' ||
	       (c == '\'' &&
	        (!isalnum((unsigned char)last) ||
	         (span_has(SPAN_LIT("bruf"), last) &&
	          (before.len == 1 || !isalnum((unsigned char)before.ptr[before.len - 2])))));
}

/* A string of JSON in a string of JSON. */
static bool has_inner(struct span string)
{
	struct quoted_text inner = { .inner = true };
	struct buf text = { 0 };
	bool found = string.len && memmem(string.ptr, string.len, "\\n", 2) &&
	             span_has(string, '"') && quoted_text_take(&inner, string, &text);

	buf_deinit(&text);
	quoted_text_deinit(&inner);
	return found;
}

static bool is_wanted(struct quoted_text *quoted, struct span key)
{
	struct span string = buf_span(&quoted->string);

	if (quoted->known && span_eq(key, buf_span(&quoted->key)))
		return true;
	if (!has_anchor(string) && (quoted->inner || !has_inner(string)))
		return false;
	buf_clear(&quoted->key);
	buf_add_span(&quoted->key, key);
	quoted->known = true;
	return true;
}

/* "key": */
static bool is_key(struct span rest)
{
	rest = span_skip_blanks(rest);
	return rest.len && (rest.ptr[0] == ':' || rest.ptr[0] == '=');
}

/* The word before "=", which is the key: msg="...", msg: "...". */
static bool find_word(struct span before, struct buf *ret)
{
	size_t end, from;

	before = span_trim(before);
	if (!before.len || !span_has(SPAN_LIT("=:"), before.ptr[before.len - 1]))
		return false;
	for (end = from = before.len - 1; from > 0; from--)
		if (!isalnum((unsigned char)before.ptr[from - 1]) && before.ptr[from - 1] != '_')
			break;
	if (from == end)
		return false;
	buf_clear(ret);
	buf_add(ret, before.ptr + from, end - from);
	return true;
}

bool quoted_text_take(struct quoted_text *quoted, struct span line, struct buf *ret)
{
	const size_t before = ret->len;
	struct span rest = line;
	bool has_key = false;

	while (rest.len) {
		char quote = rest.ptr[0];
		struct span skipped = { line.ptr, line.len - rest.len };

		if (!begins_string(skipped, quote)) {
			rest = span_skip(rest, 1);
			continue;
		}
		has_key |= find_word(skipped, &quoted->name);
		rest = span_skip(rest, 1);
		buf_clear(&quoted->string);
		take_string(&rest, quote, &quoted->string);
		if (is_key(rest)) {
			buf_clear(&quoted->name);
			buf_add_span(&quoted->name, buf_span(&quoted->string));
			has_key = true;
			continue;
		}
		decode_again(&quoted->string);
		if (is_wanted(quoted, has_key ? buf_span(&quoted->name) : (struct span){ 0 })) {
			buf_add_span(ret, buf_span(&quoted->string));
			if (!ret->len || ret->ptr[ret->len - 1] != '\n')
				buf_add(ret, "\n", 1);
		}
	}
	return ret->len > before;
}

bool quoted_text_take_record(struct span line, struct buf *ret)
{
	line = span_trim(line);
	if (line.len < 3 || !span_has(SPAN_LIT("~@&"), line.ptr[0]) || line.ptr[1] != '"' ||
	    line.ptr[line.len - 1] != '"')
		return false;
	line = span_skip(line, 2);
	take_string(&line, '"', ret);
	return true;
}

/* True if a frame or a header follows the newline. */
static bool precedes_anchor(struct span rest)
{
	rest = span_skip_blanks(rest);
	if (span_take(&rest, SPAN_LIT("#")) || span_take(&rest, SPAN_LIT("Thread ")))
		return rest.len && number_is_digit(rest.ptr[0]);
	return false;
}

bool quoted_text_take_escaped(struct span line, struct buf *ret)
{
	bool in_string = false;

	if (!span_has(line, '\\'))
		return false;
	for (struct span rest = line; rest.len > 2; rest = span_skip(rest, 1)) {
		/* a "\n" in the value of an argument is no line's end */
		if (rest.ptr[0] == '"') {
			in_string = !in_string;
		} else if (rest.ptr[0] == '\\') {
			if (!in_string && rest.ptr[1] == 'n' &&
			    precedes_anchor(span_skip(rest, 2))) {
				take_string(&line, '\0', ret);
				return true;
			}
			rest = span_skip(rest, 1);
		}
	}
	return false;
}
