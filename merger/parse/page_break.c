#include "merger/parse/page_break.h"

/* The words between its first and its last ones. */
#define QUESTION_MAX 80

static const struct {
	struct span begin, end;
} pagers[] = {
	{ SPAN_INIT("---Type <return> to continue"), SPAN_INIT("quit---") },
	{ SPAN_INIT("--Type <RET> for more"), SPAN_INIT("--") },
	{ SPAN_INIT("--Type <return> to continue"), SPAN_INIT("--") },
};

/* What a user types. */
static bool is_answer(struct span text)
{
	text = span_trim(text);
	return text.len == 1 && span_has(SPAN_LIT("cq"), text.ptr[0]);
}

/* The question at the front of text, and the answer. */
static bool take_question(struct span *text)
{
	for (size_t i = 0; i < sizeof(pagers) / sizeof(pagers[0]); i++) {
		struct span rest = *text, words;
		const char *end;

		if (!span_take(&rest, pagers[i].begin))
			continue;
		words = rest;
		words.len = words.len < QUESTION_MAX ? words.len : QUESTION_MAX;
		end = words.len ? memmem(words.ptr, words.len, pagers[i].end.ptr, pagers[i].end.len)
		                : NULL;
		*text = end ? span_skip(rest, (size_t)(end - rest.ptr) + pagers[i].end.len) : rest;
		if (is_answer(*text))
			text->len = 0;
		return true;
	}
	return false;
}

bool page_break_find(struct span line, struct span *before, struct span *after)
{
	const struct span mark = SPAN_LIT("--Type <");
	struct span rest = line;
	const char *hit;

	while (rest.len && (hit = memmem(rest.ptr, rest.len, mark.ptr, mark.len))) {
		if (hit > rest.ptr && hit[-1] == '-')
			hit--;
		*before = (struct span){ line.ptr, (size_t)(hit - line.ptr) };
		*after = span_skip(line, before->len);
		if (take_question(after))
			return true;
		rest = span_skip(line, before->len + mark.len);
	}
	return false;
}
