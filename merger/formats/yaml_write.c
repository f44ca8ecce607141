/* yaml_write: the profile as YAML, by libyaml. */
#include <errno.h>
#include <limits.h>
#include <strings.h>
#include <yaml.h>

#include "merger/base/number.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/profile_document.h"

#define WRAP_COLUMNS 90 /* line length of DOCUMENT_WRAPPED */

struct yaml_writer {
	struct document document;
	yaml_emitter_t emitter;
	FILE *out;
	unsigned wrapped; /* open levels, counted from the one that is DOCUMENT_WRAPPED; 0: none */
};

static struct yaml_writer *yaml_of(struct document *document)
{
	return (struct yaml_writer *)document;
}

static int write_bytes(void *ctx, unsigned char *bytes, size_t len)
{
	struct yaml_writer *writer = ctx;

	return fwrite(bytes, 1, len, writer->out) == len;
}

/* Consumes the event; `made` is its initialiser's result. */
static void emit(struct yaml_writer *writer, yaml_event_t *event, int made)
{
	if (made && writer->document.failed)
		yaml_event_delete(event);
	else if (!made || !yaml_emitter_emit(&writer->emitter, event))
		writer->document.failed = true;
}

static void open_yaml(struct document *document, enum document_shape shape,
                      enum document_layout layout)
{
	struct yaml_writer *writer = yaml_of(document);
	bool flow = layout != DOCUMENT_BLOCK;
	yaml_event_t event;

	if (layout == DOCUMENT_WRAPPED || writer->wrapped)
		writer->wrapped++;
	if (layout == DOCUMENT_WRAPPED)
		yaml_emitter_set_width(&writer->emitter, WRAP_COLUMNS);
	emit(writer, &event,
	     shape == DOCUMENT_MAP
	             ? yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
	                                                   flow ? YAML_FLOW_MAPPING_STYLE
	                                                        : YAML_BLOCK_MAPPING_STYLE)
	             : yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
	                                                    flow ? YAML_FLOW_SEQUENCE_STYLE
	                                                         : YAML_BLOCK_SEQUENCE_STYLE));
}

static void close_yaml(struct document *document, enum document_shape shape)
{
	struct yaml_writer *writer = yaml_of(document);
	yaml_event_t event;

	emit(writer, &event,
	     shape == DOCUMENT_MAP ? yaml_mapping_end_event_initialize(&event)
	                           : yaml_sequence_end_event_initialize(&event));
	if (writer->wrapped && !--writer->wrapped)
		yaml_emitter_set_width(&writer->emitter, INT_MAX);
}

/* "3.11.2": no YAML version reads two dots as a number. */
static bool is_version(struct span text)
{
	size_t at = 0, dots = 0;

	while (at < text.len && (number_is_digit(text.ptr[at]) || text.ptr[at] == '.'))
		if (text.ptr[at++] == '.' && ++dots == 2)
			return at < text.len && number_is_digit(text.ptr[at]) &&
			       number_is_digit(text.ptr[0]);
	return false;
}

/* True if a YAML 1.1 or 1.2 parser would not read the unquoted text as a string. libyaml itself
 * quotes what the syntax forbids without quotes. */
static bool is_ambiguous(struct span text)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on",
		                             "off",  "y",    "n",     "~",   "=",  "<<" };

	if (!text.len)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == text.len && !strncasecmp(words[i], text.ptr, text.len))
			return true;
	if (number_is_digit(text.ptr[0]))
		return !is_version(text);
	return strchr("+-.", text.ptr[0]) && text.len > 1 &&
	       (number_is_digit(text.ptr[1]) || strchr("._iInN", text.ptr[1]));
}

static void write_yaml_word(struct document *document, enum document_word kind, struct span text)
{
	bool quoted = kind == DOCUMENT_STRING && is_ambiguous(text);
	yaml_event_t event;

	emit(yaml_of(document), &event,
	     yaml_scalar_event_initialize(
	             &event, NULL, NULL, (const yaml_char_t *)text.ptr, (int)text.len, 1, 1,
	             quoted ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE));
}

static void write_yaml_key(struct document *document, struct span name)
{
	write_yaml_word(document, DOCUMENT_NAME, name);
}

static const struct document_ops yaml_ops = { open_yaml, close_yaml, write_yaml_key,
	                                      write_yaml_word };

static void write_stream(struct yaml_writer *writer, const struct profile *profile)
{
	yaml_event_t event;

	emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	profile_document_write(&writer->document, profile);
	emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
	emit(writer, &event, yaml_stream_end_event_initialize(&event));
}

bool yaml_profile_write(const struct profile *profile, const struct write_options *options,
                        FILE *out, struct error *err)
{
	struct yaml_writer writer = { .document = { .ops = &yaml_ops }, .out = out };

	(void)options; /* a file holds the whole profile */
	if (!yaml_emitter_initialize(&writer.emitter))
		return error_set(err, ERROR_FAILED, "cannot write the profile: out of memory");
	yaml_emitter_set_output(&writer.emitter, write_bytes, &writer);
	yaml_emitter_set_unicode(&writer.emitter, 1);
	yaml_emitter_set_width(&writer.emitter, -1);
	write_stream(&writer, profile);
	if (writer.document.failed && ferror(out))
		error_set(err, ERROR_OUTPUT, "cannot write the profile: %s", strerror(errno));
	else if (writer.document.failed)
		error_set(err, ERROR_FAILED, "cannot write the profile: %s",
		          writer.emitter.problem ? writer.emitter.problem : "out of memory");
	yaml_emitter_delete(&writer.emitter);
	return !writer.document.failed;
}
