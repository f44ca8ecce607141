/* template: a text of which some lines stand for parts that are made from tables. */
#ifndef PMP_TEMPLATE_H
#define PMP_TEMPLATE_H

#include <stdbool.h>
#include <stdio.h>

#include "merger/base/span.h"

/* A line that is `line` is replaced by what `put` writes. */
struct template_part {
	struct span line;
	void (*put)(FILE *out);
};

/* `parts` ends in a row of zeros. */
void template_print(struct span text, const struct template_part *parts, FILE *out);

/* Takes the next line of the text, without its newline; false at the end. */
bool template_take_line(struct span *text, struct span *ret);

#endif
