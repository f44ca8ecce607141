/* json: writes JSON (RFC 8259), with the commas where they belong. Nothing is checked: a key stands in an object,
 * and what is opened is closed. A write error shows in ferror(out). */
#ifndef PMP_JSON_H
#define PMP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* {.out = ..} is before the first value. */
struct json {
	FILE *out;
	bool more; /* a comma stands before what comes next */
};

/* `bracket` is '{' or '['; close takes '}' or ']'. */
void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
/* What comes next is its value. */
void json_key(struct json *json, const char *name);
/* text is UTF-8, as all text in an intern table is (escape.h); '<' is written so that the text can stand in a <script>. */
void json_string(struct json *json, struct span text);
void json_number(struct json *json, uint64_t value);
/* A newline, between two values or behind the last. */
void json_line(struct json *json);

#endif
