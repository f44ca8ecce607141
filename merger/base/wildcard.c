#include "merger/base/wildcard.h"

bool wildcard_match(struct span text, struct span pattern)
{
	struct span star = { NULL, 0 }, from = { NULL, 0 };

	for (;;) {
		if (pattern.len && pattern.ptr[0] == '*') {
			star = pattern = span_skip(pattern, 1);
			from = text;
		} else if (text.len && pattern.len && text.ptr[0] == pattern.ptr[0]) {
			text = span_skip(text, 1);
			pattern = span_skip(pattern, 1);
		} else if (!text.len && !pattern.len) {
			return true;
		} else if (star.ptr && from.len) {
			text = from = span_skip(from, 1);
			pattern = star;
		} else {
			return false;
		}
	}
}
