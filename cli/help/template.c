#include "cli/help/template.h"

bool template_take_line(struct span *text, struct span *ret)
{
	const char *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;

	if (!end)
		return false;
	*ret = (struct span){ text->ptr, (size_t)(end - text->ptr) };
	*text = span_skip(*text, ret->len + 1);
	return true;
}

void template_print(struct span text, const struct template_part *parts, FILE *out)
{
	struct span line;

	while (template_take_line(&text, &line)) {
		const struct template_part *part = parts;

		while (part->put && !span_eq(line, part->line))
			part++;
		if (part->put)
			part->put(out);
		else
			fprintf(out, "%.*s\n", SPAN_ARG(line));
	}
}
