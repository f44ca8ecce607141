/* The profile as JSON: keys and values are the YAML's (yaml_schema.h). YAML 1.2 contains JSON, and yaml_profile_read reads it. */
#include "merger/formats/file_writers.h"
#include "merger/formats/profile_document.h"
#include "merger/base/json.h"

struct json_writer {
	struct profile_document document;
	struct json json;
	unsigned level;   /* what is open */
	unsigned in_line; /* of these, those that stand in one line; 0: none does */
	bool keyed;       /* what comes next is a key's value */
};

static struct json_writer *writer_of(struct profile_document *document)
{
	return (struct json_writer *)document;
}

/* A list's entries begin a line each. */
static void entry_begin(struct json_writer *writer)
{
	if (!writer->keyed && !writer->in_line && writer->level)
		json_break(&writer->json);
	writer->keyed = false;
}

static void json_document_open(struct profile_document *document, enum profile_document_shape shape,
                               enum profile_document_layout layout)
{
	struct json_writer *writer = writer_of(document);

	entry_begin(writer);
	json_open(&writer->json, shape == PROFILE_DOCUMENT_MAP ? '{' : '[');
	writer->level++;
	if (writer->in_line || layout != PROFILE_DOCUMENT_BLOCK)
		writer->in_line++;
	document->failed = ferror(writer->json.out);
}

static void json_document_close(struct profile_document *document,
                                enum profile_document_shape shape)
{
	struct json_writer *writer = writer_of(document);

	json_close(&writer->json, shape == PROFILE_DOCUMENT_MAP ? '}' : ']');
	writer->level--;
	if (writer->in_line)
		writer->in_line--;
}

/* So do the keys of the document itself. */
static void json_document_key(struct profile_document *document, struct span name)
{
	struct json_writer *writer = writer_of(document);

	if (writer->level == 1)
		json_break(&writer->json);
	json_key_span(&writer->json, name);
	writer->keyed = true;
}

static void json_document_word(struct profile_document *document, enum profile_document_word kind,
                               struct span text)
{
	struct json_writer *writer = writer_of(document);

	entry_begin(writer);
	if (kind == PROFILE_DOCUMENT_NUMBER)
		json_word(&writer->json, text);
	else
		json_string(&writer->json, text);
}

static const struct profile_document_ops json_ops = { json_document_open, json_document_close,
	                                              json_document_key, json_document_word };

bool json_profile_write(const struct profile *profile, const struct write_options *view, FILE *out,
                        struct error *err)
{
	struct json_writer writer = { .document = { .ops = &json_ops }, .json = { .out = out } };

	(void)view; /* a profile holds all, whatever is shown of it */
	(void)err;  /* a write error shows in ferror(out) */
	profile_document_write(&writer.document, profile);
	json_line(&writer.json);
	return true;
}
