#include "cli/help/template.h"

void template_print(struct span text, const struct template_part *parts, FILE *out)
{
	struct span line;

	while (span_take_line(&text, &line)) {
		const struct template_part *part = parts;

		while (part->put && !span_eq(line, part->line))
			part++;
		if (part->put)
			part->put(out);
		else
			fprintf(out, "%.*s\n", SPAN_ARG(line));
	}
}
