/* names: looks up a name in a table of names. */
#ifndef PMP_NAMES_H
#define PMP_NAMES_H

#include "merger/base/span.h"

/* The index of `name` in names[0] .. names[count - 1]; count if it is not there. */
static inline size_t names_find(const char *const *names, size_t count, struct span name)
{
	size_t i = 0;

	while (i < count && !span_eq(name, span_of(names[i])))
		i++;
	return i;
}

#endif
