#include "merger/profile/label.h"

#include <inttypes.h>

#include "merger/base/number.h"

struct span label_file(struct span path)
{
	static const char *const names[] = { "__init__.py", "__main__.py", "mod.rs" };
	struct span base = span_basename(path), folder;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!span_eq(base, span_of(names[i])) || base.len + 1 >= path.len)
			continue;
		folder = span_basename((struct span){ path.ptr, path.len - base.len - 1 });
		if (folder.len)
			return (struct span){ folder.ptr, folder.len + 1 + base.len };
	}
	return base;
}

bool label_is_nameless(struct span name)
{
	return !name.len || span_starts(name, SPAN_LIT("??")) ||
	       span_starts(name, SPAN_LIT("0x")) || span_starts(name, SPAN_LIT("fn 0x"));
}

static struct span get_path(const struct intern *intern, uint32_t id,
                            const struct label_options *options)
{
	struct span path = intern_get(intern, id);

	return options->full_paths ? path : label_file(path);
}

static bool is_code(const struct frame *frame)
{
	return frame_is_script(frame->kind) || frame->kind == FRAME_NATIVE;
}

/* *rest is what follows the start in the name. False if the name does not tell where the function
 * begins, or if the address is before that. */
static bool measure_from_start(struct span name, uint32_t address, uint64_t *ret, struct span *rest)
{
	uint64_t start;

	if (!span_take(&name, SPAN_LIT("fn 0x")) || !number_take(&name, 16, &start) ||
	    (name.len && *name.ptr != ' ') || start > address)
		return false;
	*ret = address - start;
	*rest = name;
	return true;
}

void label_add_line(struct buf *out, const struct intern *intern, const struct frame *frame,
                    uint32_t line)
{
	uint64_t from_start;
	struct span rest;

	if (!frame_has_addresses(frame))
		buf_printf(out, "line %" PRIu32, line);
	else if (measure_from_start(intern_get(intern, frame->name), line, &from_start, &rest))
		buf_printf(out, "+0x%" PRIx64, from_start);
	else
		buf_printf(out, "0x%" PRIx32, line);
}

/* "fn 0x1fcd40+0x68", "fn 0x1fcd40+0x68 of list.sort", "list.sort 0x1fcda8" */
static void add_with_address(struct buf *out, struct span name, uint32_t address)
{
	uint64_t from_start;
	struct span rest;

	if (!measure_from_start(name, address, &from_start, &rest)) {
		buf_add_span(out, name);
		buf_printf(out, " 0x%" PRIx32, address);
		return;
	}
	name.len -= rest.len;
	buf_add_span(out, name);
	buf_printf(out, "+0x%" PRIx64, from_start);
	buf_add_span(out, rest);
}

void label_add(struct buf *out, const struct intern *intern, const struct frame *frame,
               const struct label_options *options)
{
	bool with_line = options->by_line && frame->line && frame->file;
	struct span name = frame->name ? intern_get(intern, frame->name) : SPAN_LIT("??");
	uint32_t place = frame->file;

	if (frame->kind == FRAME_NATIVE && frame->module && !with_line)
		place = frame->module;
	if (options->by_line && frame->line && frame_has_addresses(frame))
		add_with_address(out, name, frame->line);
	else
		buf_add_span(out, name);
	if (!is_code(frame) || !place)
		return;
	buf_add_span(out, SPAN_LIT(" ("));
	buf_add_span(out, get_path(intern, place, options));
	if (with_line)
		buf_printf(out, ":%u", frame->line);
	buf_add_span(out, SPAN_LIT(")"));
}

/* The kind of "... .py)", "... .py:12)" and the same with ".rb". */
static enum frame_kind find_kind(struct span label)
{
	size_t digits = 0;

	if (!span_ends(label, SPAN_LIT(")")))
		return FRAME_NATIVE;
	label.len--;
	while (digits < label.len && number_is_digit(label.ptr[label.len - 1 - digits]))
		digits++;
	if (digits && digits < label.len && label.ptr[label.len - 1 - digits] == ':')
		label.len -= digits + 1;
	if (span_ends(label, SPAN_LIT(".rb")) || span_ends(label, SPAN_LIT("(<cfunc>")))
		return FRAME_RUBY;
	return span_ends(label, SPAN_LIT(".py")) ? FRAME_PYTHON : FRAME_NATIVE;
}

struct frame label_frame(struct intern *intern, struct span label)
{
	return (struct frame){
		.name = intern_add_clean(intern, label),
		.kind = find_kind(label),
	};
}
