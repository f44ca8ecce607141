/* profile_document: all of a profile as nested maps and lists, by the schema in yaml_schema.h, written piece by piece
 * through one syntax or another. */
#ifndef PMP_PROFILE_DOCUMENT_H
#define PMP_PROFILE_DOCUMENT_H

#include <stdbool.h>

#include "merger/profile/profile.h"
#include "merger/base/span.h"

enum profile_document_shape {
	PROFILE_DOCUMENT_MAP,
	PROFILE_DOCUMENT_LIST,
};

/* How it should stand, where the syntax leaves a choice. */
enum profile_document_layout {
	PROFILE_DOCUMENT_BLOCK,   /* a line or more for each entry */
	PROFILE_DOCUMENT_LINE,    /* all in one line; so is what is in it */
	PROFILE_DOCUMENT_WRAPPED, /* in one line, if that doesn't get too long */
};

enum profile_document_word {
	PROFILE_DOCUMENT_NUMBER, /* or true: stands for itself */
	PROFILE_DOCUMENT_NAME, /* a text of letters, digits, blanks and a few signs that needs no quotes in YAML */
	PROFILE_DOCUMENT_STRING, /* any clean text (escape.h) */
};

/* A syntax's own struct begins with it. In a map each key is followed by its value: a word, or what open begins.
 * What is opened is closed. */
struct profile_document {
	const struct profile_document_ops *ops;
	bool failed; /* set by ops: nothing is written any more */
};

struct profile_document_ops {
	void (*open)(struct profile_document *document, enum profile_document_shape shape,
	             enum profile_document_layout layout);
	void (*close)(struct profile_document *document, enum profile_document_shape shape);
	void (*key)(struct profile_document *document, struct span name);
	void (*word)(struct profile_document *document, enum profile_document_word kind,
	             struct span text);
};

/* Writes all of a profile that is finished and sorted; gives up where document->failed is set. */
void profile_document_write(struct profile_document *document, const struct profile *profile);

#endif
