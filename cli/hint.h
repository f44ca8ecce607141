/* hint: which known word somebody may have meant. */
#ifndef PMP_HINT_H
#define PMP_HINT_H

#include <stddef.h>

/* The caller sets word and leaves the rest zero. */
struct hint {
	const char *word;
	const char *best; /* the nearest so far, NULL if nothing is near */
	size_t distance;
};

/* Keeps the candidate if it is the nearest so far: word is a beginning of it, or few letters differ. */
void hint_try(struct hint *hint, const char *candidate);

#endif
