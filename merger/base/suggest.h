/* suggest: finds the known word that is nearest to a mistyped one. */
#ifndef PMP_SUGGEST_H
#define PMP_SUGGEST_H

#include "merger/base/span.h"

/* The caller sets `word`; all other members are 0 at first. */
struct suggestion {
	struct span word;
	struct span best; /* the nearest candidate so far; ptr NULL: none is near */
	size_t distance;
	char text[64];
};

/* True if the candidate is near (`word` is its prefix, or few letters differ) and nearer than all
 * before it; it is then the suggestion. */
bool suggest_try(struct suggestion *suggestion, struct span candidate);

/* " (did you mean --output?)", where `before` is the "--"; "" if no candidate is near. Returns
 * suggestion->text. */
const char *suggest_text(struct suggestion *suggestion, const char *before);

#endif
