/* foreign_text: recognizes texts with stacks that pmp does not read, so that their users learn what
 * would help. */
#ifndef PMP_FOREIGN_TEXT_H
#define PMP_FOREIGN_TEXT_H

#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

/* {0}: nothing recognized yet. */
struct foreign_text {
	const struct foreign_tool *tool;
	const char *name; /* of the input */
};

/* Looks at the first piece of an input. name: for the error; it must live as long. */
void foreign_text_look(struct foreign_text *foreign, const char *name, struct span piece);

/* For a text in which no stack was found: ERROR_INPUT, with the tool and what would help. true:
 * nothing was recognized. */
bool foreign_text_check(const struct foreign_text *foreign, struct error *err);

#endif
