/* regex: POSIX extended regular expressions (regex(7)) for spans, which need no NUL at the end. */
#ifndef PMP_REGEX_H
#define PMP_REGEX_H

#include <regex.h>
#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

struct regex {
	regex_t regex;
	bool known; /* false, as in {0}: matches any text */
};

/* text NULL: *ret is {0}. what: the option that gives the text ("--focus"), for the error message.
 * false: *err has ERROR_USAGE. */
bool regex_init(struct regex *ret, const char *text, const char *what, struct error *err);
void regex_deinit(struct regex *regex);
/* True if the expression matches some part of the text. */
bool regex_matches(const struct regex *regex, struct span text);

#endif
