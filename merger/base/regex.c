#include "merger/base/regex.h"

bool regex_init(struct regex *ret, const char *text, const char *what, struct error *err)
{
	char why[200];
	int code;

	*ret = (struct regex){ 0 };
	if (!text)
		return true;
	code = regcomp(&ret->regex, text, REG_EXTENDED | REG_NOSUB);
	ret->known = !code;
	if (!code)
		return true;
	regerror(code, &ret->regex, why, sizeof(why));
	return error_set(err, ERROR_USAGE,
	                 "%s: '%s' is no extended regular expression (man 7 regex): %s", what, text,
	                 why);
}

void regex_deinit(struct regex *regex)
{
	if (regex->known)
		regfree(&regex->regex);
	regex->known = false;
}

bool regex_matches(const struct regex *regex, struct span text)
{
	regmatch_t match = { .rm_so = 0, .rm_eo = (regoff_t)text.len };

	if (!regex->known)
		return true;
	return !regexec(&regex->regex, text.ptr ? text.ptr : "", 1, &match, REG_STARTEND);
}
