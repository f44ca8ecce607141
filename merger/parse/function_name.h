/* function_name: a function's name and its arguments, as gdb prints them: NAME (ARGUMENTS)REST.
 *
 * NAME is of C, C++ (operators, templates, lambdas, parameter lists of symbols without debug
 * information), Rust, Go, D, Objective-C or Fortran, and may contain blanks and parentheses. The
 * arguments are the last parentheses before the end, " at " or " from ". */
#ifndef PMP_FUNCTION_NAME_H
#define PMP_FUNCTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/span.h"

enum function_name_end {
	FUNCTION_NAME_ONLY, /* no arguments */
	FUNCTION_NAME_ARGS, /* the arguments are not closed */
	FUNCTION_NAME_CLOSED,
};

struct function_name {
	enum function_name_end end;
	bool nested;        /* if not closed: a string, a bracket or a template is open too */
	struct span name;   /* without parameter list, const and [clone ...] */
	struct span clones; /* the text from the first " [clone ...]" on; empty: none */
	struct span args;   /* if not closed: all the text that could be part of them */
	struct span rest;   /* the text after the arguments */
};

/* Never fails: other text is taken as a name. *ret has spans of text. */
void function_name_parse(struct span text, struct function_name *ret);

/* For complete text in which function_name_parse found no end of the arguments, because strings or
 * brackets in them do not match: searches it from the back. False: nothing is changed. */
bool function_name_close(struct function_name *name);

#endif
