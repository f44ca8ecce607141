/* regex: a POSIX extended regular expression (regex(7)), searched for in text that need not end in a NUL. */
#ifndef PMP_REGEX_H
#define PMP_REGEX_H

#include <regex.h>
#include <stdbool.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

struct pattern {
	regex_t regex;
	bool known; /* false, {0}: it matches everything */
};

/* text NULL: {0}. what: who asks ("--focus"), for the error, which is ERROR_USAGE. */
bool pattern_init(struct pattern *pattern, const char *text, const char *what, struct error *err);
void pattern_deinit(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, struct span text);

#endif
