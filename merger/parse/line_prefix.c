#include "merger/parse/line_prefix.h"

#include <ctype.h>

#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"

#define LOG_PREFIX_MAX 160

static const struct span prompts[] = {
	SPAN_INIT("(gdb)"),           SPAN_INIT("(rr)"),
	SPAN_INIT("(kgdb)"),          SPAN_INIT("gdb$"),
	SPAN_INIT("pwndbg>"),         SPAN_INIT("gdb-peda$"),
	SPAN_INIT("gef\xe2\x9e\xa4"), SPAN_INIT("gef>"),
};

/* Marks that people, mailers and editors write before gdb's text. */
static const struct span marks[] = {
	SPAN_INIT("<pre>"), SPAN_INIT("<PRE>"), SPAN_INIT("<code>"), SPAN_INIT("<tt>"),
	SPAN_INIT("<b>"),   SPAN_INIT("<p>"),   SPAN_INIT("<li>"),   SPAN_INIT("//"),
	SPAN_INIT(">"),     SPAN_INIT("|"),
};

void line_prefix_log_deinit(struct line_prefix_log *log)
{
	buf_deinit(&log->shape);
}

static bool take_any(struct span *s, const struct span *table, size_t count, bool *quoted)
{
	for (size_t i = 0; i < count; i++) {
		if (!span_take(s, table[i]))
			continue;
		*quoted |= table[i].ptr[0] == '>';
		return true;
	}
	return false;
}

/* "# " and "* " before a line. "#0 " is a frame. */
static bool take_comment(struct span *s)
{
	if (!s->len || (s->ptr[0] != '#' && s->ptr[0] != '*'))
		return false;
	if (s->len > 1 && s->ptr[1] != ' ' && s->ptr[1] != '\t')
		return false;
	*s = span_skip(*s, 1);
	return true;
}

static bool has_shape(struct span shape, struct span line)
{
	if (!shape.len || line.len < shape.len)
		return false;
	for (size_t i = 0; i < shape.len; i++) {
		bool digit = isdigit((unsigned char)shape.ptr[i]);

		if (digit ? !isdigit((unsigned char)line.ptr[i]) : shape.ptr[i] != line.ptr[i])
			return false;
	}
	return true;
}

/* True for a time, a tag in brackets or a log level: it has a digit, and ends in a separator and a
 * blank. */
static bool is_log_prefix(struct span prefix)
{
	struct span trimmed = span_trim(prefix);
	bool digit = false;

	if (!trimmed.len || prefix.len > LOG_PREFIX_MAX || trimmed.len == prefix.len ||
	    span_starts(trimmed, SPAN_LIT("[Switching to ")) ||
	    span_starts(trimmed, SPAN_LIT("Run till exit")))
		return false;
	for (size_t i = 0; i < trimmed.len; i++)
		digit |= isdigit((unsigned char)trimmed.ptr[i]) != 0;
	return digit && span_has(SPAN_LIT(":]|>-)"), trimmed.ptr[trimmed.len - 1]);
}

/* True if rest is certainly gdb's: a complete frame or a thread's header. */
static bool is_anchor(struct span rest)
{
	struct gdb_thread thread;
	struct gdb_frame frame;

	if (rest.ptr[0] == '#')
		return gdb_frame_parse(&rest, &frame) &&
		       (frame.has_addr || frame.state == GDB_FRAME_DONE);
	return gdb_thread_starts(rest) && gdb_thread_parse(&rest, &thread) && !thread.is_switch;
}

/* Searches for a frame or a thread after a log's prefix, and stores the prefix's shape. */
static bool learn_log_prefix(struct line_prefix_log *log, struct span *s)
{
	const char *end = s->ptr + s->len;
	const char *limit = s->len > LOG_PREFIX_MAX ? s->ptr + LOG_PREFIX_MAX : end;

	for (const char *at = s->ptr + 1; at < limit; at++) {
		struct span prefix = { s->ptr, (size_t)(at - s->ptr) };
		struct span rest = { at, (size_t)(end - at) };

		if ((*at != '#' && *at != 'T') || at[-1] != ' ' || !is_log_prefix(prefix) ||
		    !is_anchor(rest))
			continue;
		buf_clear(&log->shape);
		buf_add_span(&log->shape, prefix);
		*s = rest;
		return true;
	}
	return false;
}

static struct span strip_marks(struct line_prefix_log *log, struct span s,
                               struct line_prefix_info *info)
{
	bool found = true;

	while (found) {
		size_t before = s.len;

		while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
			s = span_skip(s, 1);
		info->indent = before - s.len;
		found = take_any(&s, marks, sizeof(marks) / sizeof(marks[0]), &info->quoted) ||
		        take_comment(&s);
		if (take_any(&s, prompts, sizeof(prompts) / sizeof(prompts[0]), &info->quoted))
			found = info->prompt = true;
		if (!found && has_shape(buf_span(&log->shape), s)) {
			s = span_skip(s, log->shape.len);
			found = true;
		}
	}
	return s;
}

struct span line_prefix_strip(struct line_prefix_log *log, struct span line,
                              struct line_prefix_info *info)
{
	struct span text;

	*info = (struct line_prefix_info){ .unquoted = line };
	if (line.len > 1 && line.ptr[0] == '#' && isdigit((unsigned char)line.ptr[1]))
		return line;
	info->unquoted = span_trim(line);
	text = strip_marks(log, line, info);
	if (text.len && !gdb_thread_starts(text) && text.ptr[0] != '~' &&
	    !(text.ptr[0] == '#' && gdb_frame_starts(text)))
		learn_log_prefix(log, &text);
	return text;
}
