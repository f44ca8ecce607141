#include "merger/base/wildcard.h"

bool wildcard_match(struct span text, struct span pattern)
{
	while (pattern.len && pattern.ptr[0] != '*') {
		if (!text.len || text.ptr[0] != pattern.ptr[0])
			return false;
		text = span_skip(text, 1);
		pattern = span_skip(pattern, 1);
	}
	if (!pattern.len)
		return !text.len;
	pattern = span_skip(pattern, 1);
	for (size_t i = 0; i <= text.len; i++)
		if (!pattern.len || wildcard_match(span_skip(text, i), pattern))
			return true;
	return false;
}
