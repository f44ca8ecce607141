/* profile_document: all of a profile as nested maps and lists, by the schema in yaml_schema.h, written piece by piece
 * through one syntax or another. */
#ifndef PMP_PROFILE_DOCUMENT_H
#define PMP_PROFILE_DOCUMENT_H

#include <stdbool.h>

#include "merger/profile/profile.h"
#include "merger/base/span.h"

enum document_shape {
	DOCUMENT_MAP,
	DOCUMENT_LIST,
};

/* How it should stand, where the syntax leaves a choice. */
enum document_layout {
	DOCUMENT_BLOCK,   /* a line or more for each entry */
	DOCUMENT_LINE,    /* all in one line; so is what is in it */
	DOCUMENT_WRAPPED, /* in one line, if that doesn't get too long */
};

enum document_word {
	DOCUMENT_NUMBER, /* or true: stands for itself */
	DOCUMENT_NAME, /* a text of letters, digits, blanks and a few signs that needs no quotes in YAML */
	DOCUMENT_STRING, /* any clean text (escape.h) */
};

/* A syntax's own struct begins with it. In a map each key is followed by its value: a word, or what open begins.
 * What is opened is closed. */
struct document {
	const struct document_ops *ops;
	bool failed; /* set by ops: nothing is written any more */
};

struct document_ops {
	void (*open)(struct document *document, enum document_shape shape,
	             enum document_layout layout);
	void (*close)(struct document *document, enum document_shape shape);
	void (*key)(struct document *document, struct span name);
	void (*word)(struct document *document, enum document_word kind, struct span text);
};

/* Writes all of a profile that is finished and sorted; gives up where document->failed is set. */
void document_write(struct document *document, const struct profile *profile);

#endif
