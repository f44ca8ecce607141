#include "json.h"

#include <inttypes.h>

static void value_begin(struct json *json)
{
	if (json->more)
		fputc(',', json->out);
	json->more = true;
}

static void text_write(FILE *out, struct span text)
{
	fputc('"', out);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f || c == '<')
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

void json_open(struct json *json, char bracket)
{
	value_begin(json);
	fputc(bracket, json->out);
	json->more = false;
}

void json_close(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->more = true;
}

void json_key(struct json *json, const char *name)
{
	value_begin(json);
	text_write(json->out, span_of(name));
	fputc(':', json->out);
	json->more = false;
}

void json_string(struct json *json, struct span text)
{
	value_begin(json);
	text_write(json->out, text);
}

void json_number(struct json *json, uint64_t value)
{
	value_begin(json);
	fprintf(json->out, "%" PRIu64, value);
}

void json_line(struct json *json)
{
	fputc('\n', json->out);
}
