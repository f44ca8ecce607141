/* suggest: which known word somebody may have meant. */
#ifndef PMP_SUGGEST_H
#define PMP_SUGGEST_H

#include "merger/base/span.h"

/* The caller sets word and leaves the rest zero. */
struct suggestion {
	struct span word;
	struct span best; /* the nearest so far; ptr NULL if nothing is near */
	size_t distance;
	char text[64];
};

/* Keeps the candidate, and says so, if it is nearer than all before: word is a beginning of it, or few letters differ. */
bool suggest_try(struct suggestion *hint, struct span candidate);

/* " (did you mean --output?)", with `before` for the dashes; "" if nothing is near. It is the hint's. */
const char *suggest_text(struct suggestion *hint, const char *before);

#endif
