/* document: nested maps and lists of named values, written value by value in one syntax or
 * another (JSON, YAML).
 *
 * In a map each key is followed by its value: a word, or the map or list that document_open
 * begins. The caller closes all that it opens. */
#ifndef PMP_DOCUMENT_H
#define PMP_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

enum document_shape {
	DOCUMENT_MAP,
	DOCUMENT_LIST,
};

/* The layout of a map or list, where the syntax leaves a choice. */
enum document_layout {
	DOCUMENT_BLOCK,   /* at least one line for each entry */
	DOCUMENT_LINE,    /* all in one line, with everything inside */
	DOCUMENT_WRAPPED, /* in one line, unless that gets too long */
};

enum document_word {
	DOCUMENT_NUMBER, /* or true or false: written without quotes */
	DOCUMENT_NAME,   /* letters, digits, blanks and a few signs: YAML needs no quotes */
	DOCUMENT_STRING, /* any clean text (escape.h) */
};

/* The first member of a syntax's own struct. */
struct document {
	const struct document_ops *ops;
	bool failed; /* set by the ops: the rest is not written */
};

struct document_ops {
	void (*open)(struct document *document, enum document_shape shape,
	             enum document_layout layout);
	void (*close)(struct document *document, enum document_shape shape);
	void (*key)(struct document *document, struct span name);
	void (*word)(struct document *document, enum document_word kind, struct span text);
};

void document_open(struct document *document, enum document_shape shape,
                   enum document_layout layout);
void document_close(struct document *document, enum document_shape shape);
void document_key(struct document *document, const char *key);
void document_number_key(struct document *document, uint64_t key);
void document_word(struct document *document, enum document_word kind, struct span text);
void document_number(struct document *document, uint64_t number);

/* A key and its value. */
void document_add_open(struct document *document, const char *key, enum document_shape shape,
                       enum document_layout layout);
void document_add_word(struct document *document, const char *key, enum document_word kind,
                       struct span text);
void document_add_number(struct document *document, const char *key, uint64_t number);
/* The same, but nothing for an unknown value: 0, or an empty text. */
void document_add_known(struct document *document, const char *key, uint64_t number);
void document_add_text(struct document *document, const char *key, struct span text);

#endif
