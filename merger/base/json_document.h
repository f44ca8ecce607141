/* json_document: writes a document (document.h) as JSON.
 *
 * Line breaks come from the layout: each entry of a list begins a line, and so does each key of
 * the outermost map, but not inside a map or list that was opened with DOCUMENT_LINE or
 * DOCUMENT_WRAPPED. A writer that opens its outermost map with DOCUMENT_LINE places its line
 * breaks itself (json_break, json_line). */
#ifndef PMP_JSON_DOCUMENT_H
#define PMP_JSON_DOCUMENT_H

#include "merger/base/document.h"
#include "merger/base/json.h"

struct json_document {
	struct document document;
	struct json json;
	unsigned level;   /* maps and lists that are open */
	unsigned in_line; /* how many of them are in one line, the innermost ones; 0: none */
	bool keyed;       /* the next value belongs to a key */
};

/* failed is set after a write error, which shows in ferror(out). */
void json_document_init(struct json_document *ret, FILE *out);

#endif
