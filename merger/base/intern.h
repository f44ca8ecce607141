/* intern: a table of distinct strings. A string has a number, its id; id 0 is the empty string. */
#ifndef PMP_INTERN_H
#define PMP_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/span.h"

struct intern;

struct intern *intern_create(void);
void intern_destroy(struct intern *intern);

/* The id of s. Adds a copy of s if it is new. */
uint32_t intern_add(struct intern *intern, struct span s);

/* The id of s after escaping (escape.h). All text from outside enters a profile through this
 * function, so that writers need not escape it. */
uint32_t intern_add_clean(struct intern *intern, struct span s);

/* NUL-terminated; valid until the table is destroyed. An unknown id gives the empty string. */
struct span intern_get(const struct intern *intern, uint32_t id);

/* Compares two strings by their bytes: less than 0, 0 or more than 0, as memcmp. */
int intern_compare(const struct intern *intern, uint32_t a, uint32_t b);

size_t intern_count(const struct intern *intern);

#endif
