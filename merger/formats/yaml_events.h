/* yaml_events: reads a YAML profile as events, and maps by a table of their keys. It refuses
 * hostile input: aliases, deep nesting, numbers out of range, duplicate keys. */
#ifndef PMP_YAML_EVENTS_H
#define PMP_YAML_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "merger/base/error.h"
#include "merger/base/intern.h"
#include "merger/base/span.h"

struct yaml_events {
	yaml_parser_t parser;
	yaml_event_t event; /* the last event */
	bool has_event;
	size_t depth; /* number of open collections */
	struct span text;
	const char *name; /* of the input, for messages */
	struct intern *intern;
	struct error *err;
	void *ctx; /* for the fields' calls */
};

enum yaml_type {
	YAML_U32,
	YAML_U64,
	YAML_BOOL,
	YAML_STRING, /* into a uint32_t: intern id of the cleaned text; null and ~ are 0 */
	YAML_FIXED,  /* into a uint64_t: the number times `scale` */
	YAML_CALL,   /* `call` reads it, from the value's first event to its last */
};

struct yaml_field {
	const char *key;
	enum yaml_type type;
	size_t offset; /* in the caller's struct */
	uint64_t scale;
	bool (*call)(struct yaml_events *reader, void *into);
};

/* At most 64 fields: `seen` has one bit for each, in the order of the rows. */
struct yaml_fields {
	const struct yaml_field *rows;
	size_t count;
	const char *what; /* "target", for messages */
};

bool yaml_events_init(struct yaml_events *reader, struct span text, const char *name,
                      struct intern *intern, struct error *err);
void yaml_events_deinit(struct yaml_events *reader);

/* Reads the next event; false after an error, for example an alias or too deep nesting. */
bool yaml_events_next(struct yaml_events *reader);
/* Skips the value whose first event was read. */
bool yaml_events_skip(struct yaml_events *reader);

/* Set an error with name and line, and return false. */
bool yaml_events_fail(struct yaml_events *reader, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
bool yaml_events_fail_at(struct yaml_events *reader, size_t line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Of the last event. */
size_t yaml_events_line(const struct yaml_events *reader);
struct span yaml_events_scalar(const struct yaml_events *reader);
/* False, with an error, if it is not a scalar, not a number, or above max. */
bool yaml_events_number(struct yaml_events *reader, const char *what, uint64_t max, uint64_t *ret);
/* The same for a number that is a key: JSON has it in quotes. */
bool yaml_events_key_number(struct yaml_events *reader, const char *what, uint64_t max,
                            uint64_t *ret);
/* The same for an address, "0x1fcda8", which may be a key. JSON has it in quotes, and what another
 * program has written again may be decimal. */
bool yaml_events_address(struct yaml_events *reader, const char *what, uint32_t *ret);

/* The last event is a key. Reads its value into `into`. A key without a row is skipped. */
bool yaml_events_field(struct yaml_events *reader, const struct yaml_fields *fields, void *into,
                       uint64_t *seen);
/* Reads the map whose start is the last event. */
bool yaml_events_map(struct yaml_events *reader, const struct yaml_fields *fields, void *into,
                     uint64_t *seen);
/* Calls `item` for each item of the sequence whose start is the last event, at the item's first
 * event. */
bool yaml_events_list(struct yaml_events *reader, const char *what,
                      bool (*item)(struct yaml_events *reader, void *into), void *into);

#endif
