/* template: prints a text in which some lines are replaced by text made from tables. */
#ifndef PMP_TEMPLATE_H
#define PMP_TEMPLATE_H

#include <stdio.h>

#include "merger/base/span.h"

/* `put` prints the text that replaces each line equal to `line`. */
struct template_part {
	struct span line;
	void (*put)(FILE *out);
};

/* `parts` ends in a row of zeros. */
void template_print(struct span text, const struct template_part *parts, FILE *out);

#endif
