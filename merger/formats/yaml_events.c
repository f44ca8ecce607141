#include "merger/formats/yaml_events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/number.h"
#include "merger/formats/yaml_schema.h"

/* libyaml compares each directive with all previous ones, and reports none before the last. */
#define DIRECTIVES_MAX 16

static size_t count_directives(struct span text)
{
	size_t count = 0;
	const char *hit;

	while (text.len && (hit = memmem(text.ptr, text.len, "%TAG", 4))) {
		/* the last byte of a line break: CR, LF, NEL, LS or PS */
		count += hit > text.ptr && memchr("\r\n\x85\xa8\xa9", hit[-1], 5);
		text = span_skip(text, (size_t)(hit - text.ptr) + 4);
	}
	return count;
}

bool yaml_events_init(struct yaml_events *reader, struct span text, const char *name,
                      struct intern *intern, struct error *err)
{
	span_take(&text, SPAN_BOM);
	*reader = (struct yaml_events){ .text = text, .name = name, .intern = intern, .err = err };
	if (!yaml_parser_initialize(&reader->parser))
		return error_set(err, ERROR_FAILED, "%s: out of memory", name);
	if (count_directives(text) > DIRECTIVES_MAX) {
		yaml_parser_delete(&reader->parser);
		return error_set(
		        err, ERROR_INPUT,
		        "%s:1: more than %d %%TAG directives: profiles are written without", name,
		        DIRECTIVES_MAX);
	}
	/* count_directives would find none in UTF-16. */
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text.ptr, text.len);
	return true;
}

void yaml_events_deinit(struct yaml_events *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	yaml_parser_delete(&reader->parser);
}

bool yaml_events_fail_at(struct yaml_events *reader, size_t line, const char *format, ...)
{
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return error_set(reader->err, ERROR_INPUT, "%s:%zu: %s", reader->name, line, reason);
}

bool yaml_events_fail(struct yaml_events *reader, const char *format, ...)
{
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return yaml_events_fail_at(reader, yaml_events_line(reader), "%s", reason);
}

size_t yaml_events_line(const struct yaml_events *reader)
{
	return reader->has_event ? reader->event.start_mark.line + 1 : 1;
}

struct span yaml_events_scalar(const struct yaml_events *reader)
{
	return (struct span){ (const char *)reader->event.data.scalar.value,
		              reader->event.data.scalar.length };
}

/* libyaml reports the line of a wrong token, but only the offset of a wrong byte. */
static bool fail_parse(struct yaml_events *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return error_set(reader->err, ERROR_FAILED, "%s: out of memory", reader->name);
	if (parser->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < reader->text.len && i < parser->problem_offset; i++)
			line += reader->text.ptr[i] == '\n';
	}
	return yaml_events_fail_at(reader, line, "not YAML: %s; is the file whole?",
	                           parser->problem ? parser->problem : "no reason is given");
}

bool yaml_events_next(struct yaml_events *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = yaml_parser_parse(&reader->parser, &reader->event);
	if (!reader->has_event)
		return fail_parse(reader);
	switch (reader->event.type) {
	case YAML_ALIAS_EVENT:
		return yaml_events_fail(reader, "an alias (*): profiles are written without");
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (++reader->depth > YAML_NESTING_MAX)
			return yaml_events_fail(reader, "nested more than %d deep",
			                        YAML_NESTING_MAX);
		return true;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		reader->depth--;
		return true;
	default:
		return true;
	}
}

static bool is_collection_start(const struct yaml_events *reader)
{
	return reader->event.type == YAML_MAPPING_START_EVENT ||
	       reader->event.type == YAML_SEQUENCE_START_EVENT;
}

bool yaml_events_skip(struct yaml_events *reader)
{
	size_t outside = reader->depth - is_collection_start(reader);

	while (reader->depth > outside)
		if (!yaml_events_next(reader))
			return false;
	return true;
}

static bool is_plain_scalar(const struct yaml_events *reader)
{
	return reader->event.type == YAML_SCALAR_EVENT &&
	       reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool read_digits(struct yaml_events *reader, const char *what, uint64_t max, uint64_t *ret)
{
	struct span text = yaml_events_scalar(reader);

	*ret = 0;
	for (size_t i = 0; i < text.len || !i; i++) {
		if (!text.len || text.ptr[i] < '0' || text.ptr[i] > '9')
			return yaml_events_fail(reader, "'%s' is not a whole number: %.*s", what,
			                        (int)(text.len < 40 ? text.len : 40), text.ptr);
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)(text.ptr[i] - '0'), ret) || *ret > max)
			return yaml_events_fail(reader, "'%s' is too large: above %" PRIu64, what,
			                        max);
	}
	return true;
}

bool yaml_events_number(struct yaml_events *reader, const char *what, uint64_t max, uint64_t *ret)
{
	if (!is_plain_scalar(reader))
		return yaml_events_fail(reader, "'%s' is not a number", what);
	return read_digits(reader, what, max, ret);
}

bool yaml_events_key_number(struct yaml_events *reader, const char *what, uint64_t max,
                            uint64_t *ret)
{
	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "a key of '%s' is not a number", what);
	return read_digits(reader, what, max, ret);
}

bool yaml_events_address(struct yaml_events *reader, const char *what, uint32_t *ret)
{
	struct span text;
	unsigned base;
	uint64_t number;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "'%s' is not an address", what);
	text = yaml_events_scalar(reader);
	base = span_take(&text, SPAN_LIT("0x")) ? 16 : 10;
	if (!number_take(&text, base, &number) || text.len || number > UINT32_MAX)
		return yaml_events_fail(reader, "'%s' is not an address like 0x1f00", what);
	*ret = (uint32_t)number;
	return true;
}

/* Computes digit by digit, because a double is not exact for all numbers of a profile. */
static bool parse_fixed(struct span text, uint64_t scale, uint64_t *ret)
{
	bool point = false;
	uint64_t unit = scale;

	*ret = 0;
	if (!text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint64_t digit = (uint64_t)(text.ptr[i] - '0');

		if (text.ptr[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		if (point) {
			/* The first digit after the last one that counts rounds it. */
			uint64_t more = unit == 1 && digit >= 5;

			unit /= 10;
			if (__builtin_add_overflow(*ret, more + digit * unit, ret))
				return false;
		} else if (__builtin_mul_overflow(*ret, 10, ret) ||
		           __builtin_add_overflow(*ret, digit * scale, ret)) {
			return false;
		}
	}
	return true;
}

static bool read_fixed(struct yaml_events *reader, const struct yaml_field *field, uint64_t *ret)
{
	struct span text = is_plain_scalar(reader) ? yaml_events_scalar(reader) : SPAN_LIT("");
	char copy[64];
	char *end;
	double number;

	if (parse_fixed(text, field->scale, ret))
		return true;
	/* 1.0e-05, as other programs write small numbers */
	if (text.len && text.len < sizeof(copy)) {
		snprintf(copy, sizeof(copy), "%.*s", SPAN_ARG(text));
		number = strtod(copy, &end) * (double)field->scale;
		if (!*end && number >= 0 && number < 1e18) {
			*ret = (uint64_t)(number + 0.5);
			return true;
		}
	}
	return yaml_events_fail(reader, "'%s' is not a number that a profile can have", field->key);
}

static bool read_string(struct yaml_events *reader, const char *key, uint32_t *ret)
{
	struct span text;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "'%s' is not a string", key);
	text = yaml_events_scalar(reader);
	if (is_plain_scalar(reader) &&
	    (span_eq(text, SPAN_LIT("null")) || span_eq(text, SPAN_LIT("~"))))
		text.len = 0;
	*ret = intern_add_clean(reader->intern, text);
	return true;
}

static bool read_bool(struct yaml_events *reader, const char *key, bool *ret)
{
	struct span text = is_plain_scalar(reader) ? yaml_events_scalar(reader) : SPAN_LIT("");

	*ret = span_eq(text, SPAN_LIT("true"));
	if (*ret || span_eq(text, SPAN_LIT("false")))
		return true;
	return yaml_events_fail(reader, "'%s' is neither true nor false", key);
}

static bool read_value(struct yaml_events *reader, const struct yaml_field *field, void *into)
{
	void *at = (char *)into + field->offset;
	uint64_t number = 0;

	switch (field->type) {
	case YAML_U32:
		if (!yaml_events_number(reader, field->key, UINT32_MAX, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case YAML_U64:
		return yaml_events_number(reader, field->key, UINT64_MAX, at);
	case YAML_BOOL:
		return read_bool(reader, field->key, at);
	case YAML_STRING:
		return read_string(reader, field->key, at);
	case YAML_FIXED:
		return read_fixed(reader, field, at);
	case YAML_CALL:
		break;
	}
	return field->call(reader, into);
}

bool yaml_events_field(struct yaml_events *reader, const struct yaml_fields *fields, void *into,
                       uint64_t *seen)
{
	size_t row = fields->count;

	if (reader->event.type == YAML_SCALAR_EVENT)
		for (row = 0; row < fields->count; row++)
			if (span_eq(yaml_events_scalar(reader), span_of(fields->rows[row].key)))
				break;
	if (row == fields->count) /* a key of a later version */
		return yaml_events_skip(reader) && yaml_events_next(reader) &&
		       yaml_events_skip(reader);
	if (*seen & UINT64_C(1) << row)
		return yaml_events_fail(reader, "'%s' comes twice in one %s; is the file whole?",
		                        fields->rows[row].key, fields->what);
	*seen |= UINT64_C(1) << row;
	return yaml_events_next(reader) && read_value(reader, &fields->rows[row], into);
}

bool yaml_events_map(struct yaml_events *reader, const struct yaml_fields *fields, void *into,
                     uint64_t *seen)
{
	*seen = 0;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return yaml_events_fail(reader, "the %s is not a mapping", fields->what);
	while (yaml_events_next(reader)) {
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return true;
		if (!yaml_events_field(reader, fields, into, seen))
			return false;
	}
	return false;
}

bool yaml_events_list(struct yaml_events *reader, const char *what,
                      bool (*item)(struct yaml_events *reader, void *into), void *into)
{
	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return yaml_events_fail(reader, "'%s' is not a list", what);
	while (yaml_events_next(reader)) {
		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		if (!item(reader, into))
			return false;
	}
	return false;
}
