#include "merger/base/json.h"

#include <assert.h>
#include <inttypes.h>

static void begin_value(struct json *json)
{
	if (json->comma)
		putc_unlocked(',', json->out);
	if (json->line_next)
		putc_unlocked('\n', json->out);
	json->comma = true;
	json->line_next = false;
}

/* The number of bytes at the front that need no escape. */
static size_t plain_json_length(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == 0x7f || c == 0xef)
			return i;
	}
	return text.len;
}

/* Takes U+FFFE or U+FFFF. JSON may contain them, YAML only as escapes, and the JSON may be read as
 * YAML. */
static bool take_noncharacter(struct span *text)
{
	return span_take(text, SPAN_LIT("\xef\xbf\xbe")) ||
	       span_take(text, SPAN_LIT("\xef\xbf\xbf"));
}

static void write_escaped(FILE *out, struct span *text)
{
	const char *at = text->ptr;
	unsigned char c = (unsigned char)at[0];

	if (take_noncharacter(text)) {
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

static void write_text(FILE *out, struct span text)
{
	putc_unlocked('"', out);
	while (text.len) {
		size_t len = plain_json_length(text);

		fwrite_unlocked(text.ptr, 1, len, out);
		text = span_skip(text, len);
		if (text.len)
			write_escaped(out, &text);
	}
	putc_unlocked('"', out);
}

void json_open(struct json *json, char bracket)
{
	begin_value(json);
	putc_unlocked(bracket, json->out);
	json->depth++;
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	assert(json->depth > 0);
	json->depth--;
	putc_unlocked(bracket, json->out);
	json->comma = true;
	json->line_next = false;
}

void json_key_span(struct json *json, struct span name)
{
	begin_value(json);
	write_text(json->out, name);
	putc_unlocked(':', json->out);
	json->comma = false;
}

void json_key(struct json *json, const char *name)
{
	json_key_span(json, span_of(name));
}

void json_string(struct json *json, struct span text)
{
	begin_value(json);
	write_text(json->out, text);
}

void json_word(struct json *json, struct span word)
{
	begin_value(json);
	fwrite_unlocked(word.ptr, 1, word.len, json->out);
}

void json_number(struct json *json, uint64_t value)
{
	begin_value(json);
	fprintf(json->out, "%" PRIu64, value);
}

void json_break(struct json *json)
{
	json->line_next = true;
}

void json_line(struct json *json)
{
	putc_unlocked('\n', json->out);
}
