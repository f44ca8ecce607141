#include "merger/text/text_style.h"

#include "merger/base/text_width.h"
#include "merger/profile/label.h"
#include "merger/profile/profile.h"

#define FUNCTION_COLUMNS_MIN 24

static const struct text_style styles[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = { "c ", "\33[33m" }, [FRAME_PYTHON] = { "py", "\33[36m" },
	[FRAME_THREAD] = { "  ", "\33[1m" },  [FRAME_PROCESS] = { "  ", "\33[1m" },
	[FRAME_LOST] = { "! ", "\33[31m" },   [FRAME_MARKER] = { "* ", "\33[35m" },
	[FRAME_KERNEL] = { "k ", "\33[34m" }, [FRAME_HOST] = { "  ", "\33[1m" },
};

const struct text_style *text_kind_style(enum frame_kind kind)
{
	return &styles[kind];
}

void text_style_write(const struct write_options *view, FILE *out, const char *colour)
{
	if (view->colour)
		fputs(colour, out);
}

void text_nothing_write(const struct profile *profile, FILE *out)
{
	if (profile->left_out)
		fputs("No stack is left to show: none is what --thread and --focus name.\n", out);
	else if (profile->emptied)
		fputs("No stack is left to show: --from, --to, --running and --weight leave "
		      "none.\n",
		      out);
	else
		fputs("No stack was got, so there is nothing to show.\n", out);
}

const char *text_plus_minus(const struct write_options *view)
{
	return view->ascii ? "+-" : "\302\261";
}

void text_error_write(const struct write_options *view, FILE *out, double percent)
{
	/* 100.0 would have a column more. */
	fprintf(out, " %s%4.*f", text_plus_minus(view), percent < 99.95, percent);
}

int text_error_columns(const struct write_options *view)
{
	return view->ascii ? 7 : 6;
}

void text_function_write(const struct write_options *view, FILE *out, const struct intern *intern,
                         const struct frame *frame, int used)
{
	const struct text_style *style = text_kind_style(frame->kind);
	const struct label_options options = { view->full_paths, false };
	int width = (int)view->width - used - 4;
	size_t room = width > FUNCTION_COLUMNS_MIN ? (size_t)width : FUNCTION_COLUMNS_MIN;
	struct buf text = { 0 };
	struct span label;
	bool cut;

	label_add(&text, intern, frame, &options);
	label = buf_span(&text);
	cut = view->width && text_width_of(label) > room;
	if (cut)
		label = text_width_cut(label, room - 1);
	text_style_write(view, out, style->colour);
	fprintf(out, "%s  %.*s", style->tag, SPAN_ARG(label));
	text_style_write(view, out, TEXT_OFF);
	fputs(!cut ? "" : view->ascii ? "." : "\342\200\246", out);
	fputc('\n', out);
	buf_deinit(&text);
}
