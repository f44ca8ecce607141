#include "merger/base/regex.h"

bool regex_init(struct regex *pattern, const char *text, const char *what, struct error *err)
{
	char why[200];
	int code;

	*pattern = (struct regex){ 0 };
	if (!text)
		return true;
	code = regcomp(&pattern->regex, text, REG_EXTENDED | REG_NOSUB);
	pattern->known = !code;
	if (!code)
		return true;
	regerror(code, &pattern->regex, why, sizeof(why));
	return error_set(err, ERROR_USAGE,
	                 "%s: '%s' is no extended regular expression (man 7 regex): %s", what, text,
	                 why);
}

void regex_deinit(struct regex *pattern)
{
	if (pattern->known)
		regfree(&pattern->regex);
	pattern->known = false;
}

bool regex_matches(const struct regex *pattern, struct span text)
{
	regmatch_t match = { .rm_so = 0, .rm_eo = (regoff_t)text.len };

	if (!pattern->known)
		return true;
	return !regexec(&pattern->regex, text.ptr ? text.ptr : "", 1, &match, REG_STARTEND);
}
