#include "label.h"

static struct span path_get(const struct intern *intern, uint32_t id,
                            const struct label_options *options)
{
	struct span path = intern_get(intern, id);

	return options->full_paths ? path : span_basename(path);
}

static bool is_code(const struct frame *frame)
{
	return frame->kind == FRAME_PYTHON || frame->kind == FRAME_NATIVE;
}

void label_add(struct buf *out, const struct intern *intern, const struct frame *frame,
               const struct label_options *options)
{
	bool with_line = options->by_line && frame->line && frame->file;
	uint32_t place = frame->file;

	if (frame->kind == FRAME_NATIVE && frame->module && !with_line)
		place = frame->module;
	if (frame->name)
		buf_add_span(out, intern_get(intern, frame->name));
	else
		buf_add_span(out, SPAN_LIT("??"));
	if (!is_code(frame) || !place)
		return;
	buf_add_span(out, SPAN_LIT(" ("));
	buf_add_span(out, path_get(intern, place, options));
	if (with_line)
		buf_printf(out, ":%u", frame->line);
	buf_add_span(out, SPAN_LIT(")"));
}

static const struct label_style styles[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = { "c ", "\33[33m" }, [FRAME_PYTHON] = { "py", "\33[36m" },
	[FRAME_THREAD] = { "  ", "\33[1m" },  [FRAME_PROCESS] = { "  ", "\33[1m" },
	[FRAME_LOST] = { "! ", "\33[31m" },   [FRAME_MARKER] = { "* ", "\33[35m" },
	[FRAME_KERNEL] = { "k ", "\33[34m" },
};

const struct label_style *label_style(enum frame_kind kind)
{
	return &styles[kind];
}
