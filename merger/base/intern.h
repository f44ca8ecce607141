/* intern: each distinct string once, known by a number. Id 0 is the empty string. */
#ifndef PMP_INTERN_H
#define PMP_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "merger/base/span.h"

struct intern;

struct intern *intern_create(void);
void intern_destroy(struct intern *intern);

/* The id of s, byte for byte; copies s at its first sight. */
uint32_t intern_add(struct intern *intern, struct span s);

/* The id of s made safe to show (escape.h). Everything from outside that gets into a profile goes
 * through here, so that no writer has to think of it again. */
uint32_t intern_add_clean(struct intern *intern, struct span s);

/* Valid as long as the table lives, and NUL-terminated. */
struct span intern_get(const struct intern *intern, uint32_t id);

/* The order of their bytes: less than 0, 0, more than 0. */
int intern_compare(const struct intern *intern, uint32_t a, uint32_t b);

size_t intern_count(const struct intern *intern);

#endif
