/* json: writes JSON (RFC 8259) and its commas. The caller writes a key before each value of an
 * object; only the nesting is checked (assert). Write errors are in ferror(out). */
#ifndef PMP_JSON_H
#define PMP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "merger/base/span.h"

/* {.out = ..} is the state before the first value. */
struct json {
	FILE *out;
	size_t depth;   /* open objects and arrays */
	bool comma;     /* the next key or value needs a comma before it */
	bool line_next; /* the next key or value begins a line */
};

/* `bracket` is '{' or '['; json_close takes '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* Writes a key; the caller writes its value next. */
void json_key(struct json *json, const char *name);
void json_key_span(struct json *json, struct span name);
/* text is UTF-8, as all strings of an intern table are (escape.h). '<' is escaped, so that the
 * result can be embedded in an HTML <script>. */
void json_string(struct json *json, struct span text);
/* Writes `word` without quotes: a number, true, false. */
void json_word(struct json *json, struct span word);
void json_number(struct json *json, uint64_t value);
/* The next key or value of the open object or array, if there is one, begins a line. */
void json_break(struct json *json);
/* Writes a newline: between two values or after the last one. */
void json_line(struct json *json);

#endif
