/* function_name: a function's name and its arguments, as gdb prints them: NAME (ARGUMENTS)REST.
 *
 * NAME is C's, C++'s (operators, templates, lambdas, parameter lists of symbols without debug
 * information), Rust's, Go's, D's, Objective-C's or Fortran's: it may hold blanks and parentheses. The
 * arguments are the last parentheses that only an end, " at " or " from " follows. */
#ifndef PMP_FUNCTION_NAME_H
#define PMP_FUNCTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/span.h"

enum function_name_end {
	FUNCTION_NAME_ONLY, /* no arguments were found */
	FUNCTION_NAME_ARGS, /* they begin and don't end */
	FUNCTION_NAME_CLOSED,
};

struct function_name {
	enum function_name_end end;
	bool nested;      /* not closed: a string, a bracket or a template is open too */
	struct span name; /* without parameter list, const and [clone ...] */
	struct span args; /* not closed: all that could be theirs */
	struct span rest; /* behind the arguments */
};

/* Never fails: text that is nothing of that sort is a name. Views only. */
void function_name_parse(struct span text, struct function_name *ret);

/* For text that is known to be complete, where function_name_parse found no end of the arguments
 * (strings or brackets in them don't match): looks for it from the back. False: nothing is changed. */
bool function_name_close(struct function_name *name);

#endif
