/* json: writes JSON (RFC 8259), with the commas where they belong. Nothing is checked: a key stands in an object,
 * and what is opened is closed. A write error shows in ferror(out). */
#ifndef PMP_JSON_H
#define PMP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "merger/base/span.h"

/* {.out = ..} is before the first value. */
struct json {
	FILE *out;
	bool more;   /* a comma stands before what comes next */
	bool broken; /* what comes next begins a line */
};

/* `bracket` is '{' or '['; close takes '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* What comes next is its value. */
void json_key(struct json *json, const char *name);
void json_key_span(struct json *json, struct span name);
/* text is UTF-8, as all text in an intern table is (escape.h); '<' is written so that the text can stand in a <script>. */
void json_string(struct json *json, struct span text);
/* What needs no quotes: a number, true, false. */
void json_word(struct json *json, struct span word);
void json_number(struct json *json, uint64_t value);
/* The next key or value, if there is one in what is open, begins a line. */
void json_break(struct json *json);
/* A newline, between two values or behind the last. */
void json_line(struct json *json);

#endif
