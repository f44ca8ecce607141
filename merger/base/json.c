#include "merger/base/json.h"

#include <inttypes.h>

static void value_begin(struct json *json)
{
	if (json->more)
		putc_unlocked(',', json->out);
	if (json->broken)
		putc_unlocked('\n', json->out);
	json->more = true;
	json->broken = false;
}

/* How many bytes at the front can stand as they are. */
static size_t plain_length(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == 0x7f || c == 0xef)
			return i;
	}
	return text.len;
}

/* U+FFFE and U+FFFF: JSON may hold them, YAML, as which it may be read, only in disguise. */
static bool take_no_character(struct span *text)
{
	return span_take(text, SPAN_LIT("\xef\xbf\xbe")) ||
	       span_take(text, SPAN_LIT("\xef\xbf\xbf"));
}

static void odd_write(FILE *out, struct span *text)
{
	const char *at = text->ptr;
	unsigned char c = (unsigned char)at[0];

	if (take_no_character(text)) {
		fprintf(out, "\\uff%02x", (unsigned char)at[2] + 0x40);
		return;
	}
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c == 0xef)
		putc_unlocked(c, out);
	else
		fprintf(out, "\\u%04x", c);
	*text = span_skip(*text, 1);
}

static void text_write(FILE *out, struct span text)
{
	putc_unlocked('"', out);
	while (text.len) {
		size_t len = plain_length(text);

		fwrite_unlocked(text.ptr, 1, len, out);
		text = span_skip(text, len);
		if (text.len)
			odd_write(out, &text);
	}
	putc_unlocked('"', out);
}

void json_open(struct json *json, char bracket)
{
	value_begin(json);
	putc_unlocked(bracket, json->out);
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	putc_unlocked(bracket, json->out);
	json->more = true;
	json->broken = false;
}

void json_key_span(struct json *json, struct span name)
{
	value_begin(json);
	text_write(json->out, name);
	putc_unlocked(':', json->out);
	json->more = false;
}

void json_key(struct json *json, const char *name)
{
	json_key_span(json, span_of(name));
}

void json_string(struct json *json, struct span text)
{
	value_begin(json);
	text_write(json->out, text);
}

void json_word(struct json *json, struct span word)
{
	value_begin(json);
	fwrite_unlocked(word.ptr, 1, word.len, json->out);
}

void json_number(struct json *json, uint64_t value)
{
	value_begin(json);
	fprintf(json->out, "%" PRIu64, value);
}

void json_break(struct json *json)
{
	json->broken = true;
}

void json_line(struct json *json)
{
	putc_unlocked('\n', json->out);
}
