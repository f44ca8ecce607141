#include "merger/text/text_style.h"

static const struct text_style styles[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = { "c ", "\33[33m" }, [FRAME_PYTHON] = { "py", "\33[36m" },
	[FRAME_RUBY] = { "rb", "\33[36m" },   [FRAME_THREAD] = { "  ", "\33[1m" },
	[FRAME_PROCESS] = { "  ", "\33[1m" }, [FRAME_LOST] = { "! ", "\33[31m" },
	[FRAME_MARKER] = { "* ", "\33[35m" }, [FRAME_KERNEL] = { "k ", "\33[34m" },
	[FRAME_HOST] = { "  ", "\33[1m" },
};

const struct text_style *text_style_of_kind(enum frame_kind kind)
{
	return &styles[kind];
}

void text_style_write(const struct write_options *options, FILE *out, const char *colour)
{
	if (options->colour)
		fputs(colour, out);
}
