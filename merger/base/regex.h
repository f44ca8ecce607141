/* regex: a POSIX extended regular expression (regex(7)), searched for in text that need not end in a NUL. */
#ifndef PMP_REGEX_H
#define PMP_REGEX_H

#include <regex.h>
#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

struct regex {
	regex_t regex;
	bool known; /* false, {0}: it matches everything */
};

/* text NULL: {0}. what: who asks ("--focus"), for the error, which is ERROR_USAGE. */
bool regex_init(struct regex *pattern, const char *text, const char *what, struct error *err);
void regex_deinit(struct regex *pattern);
bool regex_matches(const struct regex *pattern, struct span text);

#endif
