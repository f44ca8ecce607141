#include "merger/base/json_document.h"

static struct json_document *json_of(struct document *document)
{
	return (struct json_document *)document;
}

static void begin_entry(struct json_document *writer)
{
	if (!writer->keyed && !writer->in_line && writer->level)
		json_break(&writer->json);
	writer->keyed = false;
}

static void open_json(struct document *document, enum document_shape shape,
                      enum document_layout layout)
{
	struct json_document *writer = json_of(document);

	begin_entry(writer);
	json_open(&writer->json, shape == DOCUMENT_MAP ? '{' : '[');
	writer->level++;
	if (writer->in_line || layout != DOCUMENT_BLOCK)
		writer->in_line++;
	document->failed = ferror(writer->json.out);
}

static void close_json(struct document *document, enum document_shape shape)
{
	struct json_document *writer = json_of(document);

	json_close(&writer->json, shape == DOCUMENT_MAP ? '}' : ']');
	writer->level--;
	if (writer->in_line)
		writer->in_line--;
}

static void write_json_key(struct document *document, struct span name)
{
	struct json_document *writer = json_of(document);

	if (writer->level == 1 && !writer->in_line)
		json_break(&writer->json);
	json_key_span(&writer->json, name);
	writer->keyed = true;
}

static void write_json_word(struct document *document, enum document_word kind, struct span text)
{
	struct json_document *writer = json_of(document);

	begin_entry(writer);
	if (kind == DOCUMENT_NUMBER)
		json_word(&writer->json, text);
	else
		json_string(&writer->json, text);
}

static const struct document_ops json_ops = { open_json, close_json, write_json_key,
	                                      write_json_word };

void json_document_init(struct json_document *ret, FILE *out)
{
	*ret = (struct json_document){ .document = { .ops = &json_ops }, .json = { .out = out } };
}
