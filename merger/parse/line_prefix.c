#include "merger/parse/line_prefix.h"

#include <ctype.h>

#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"
#include "merger/parse/line_anchor.h"

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

/* Marks of wikis, which other text has too: they count only before a frame or a header. */
static const struct span wiki_marks[] = {
	SPAN_INIT("**"), SPAN_INIT("```"), SPAN_INIT("`"), SPAN_INIT("{{"), SPAN_INIT("'''"),
};

/* What a prefix consists of. */
enum run_kind { RUN_END, RUN_BLANKS, RUN_WORD, RUN_NUMBER, RUN_OTHER };

void line_prefix_log_deinit(struct line_prefix_log *log)
{
	for (size_t i = 0; i < LINE_PREFIX_SHAPES_MAX; i++)
		buf_deinit(&log->shapes[i].text);
}

void line_prefix_log_clear(struct line_prefix_log *log)
{
	log->count = 0;
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes a run off *s: a word with a digit is a number. */
static enum run_kind take_run(struct span *s, struct span *run)
{
	enum run_kind kind = RUN_OTHER;
	size_t i = 0;

	*run = *s;
	if (!s->len)
		return RUN_END;
	if (is_blank(s->ptr[0])) {
		while (i < s->len && is_blank(s->ptr[i]))
			i++;
		kind = RUN_BLANKS;
	} else if (isalnum((unsigned char)s->ptr[0])) {
		kind = RUN_WORD;
		for (; i < s->len && isalnum((unsigned char)s->ptr[i]); i++)
			if (isdigit((unsigned char)s->ptr[i]))
				kind = RUN_NUMBER;
	} else {
		i = 1;
	}
	run->len = i;
	*s = span_skip(*s, i);
	return kind;
}

/* "[    1.5]" and "[12345.6]" are alike: numbers are padded. */
static void skip_padding(struct span *s)
{
	struct span rest = span_skip_blanks(*s), copy = rest, run;

	if (rest.len < s->len && take_run(&copy, &run) == RUN_NUMBER)
		*s = rest;
}

/* Takes the shape off the front of *line. */
static bool take_shape(struct span shape, struct span *line)
{
	struct span rest = *line, want, have;
	enum run_kind kind;

	while (shape.len) {
		skip_padding(&shape);
		skip_padding(&rest);
		kind = take_run(&shape, &want);
		if (kind != take_run(&rest, &have) ||
		    ((kind == RUN_WORD || kind == RUN_OTHER) && !span_eq(want, have)))
			return false;
	}
	*line = rest;
	return true;
}

bool line_prefix_is_alike(struct span a, struct span b)
{
	a = span_trim(a);
	b = span_trim(b);
	return a.len && take_shape(a, &b) && !b.len;
}

/* The line may have lost the blanks at its end. */
static bool take_prefix(const struct line_prefix_shape *shape, struct span *line)
{
	struct span rest = *line;

	if (!take_shape(buf_span(&shape->text), &rest))
		return false;
	for (size_t i = 0; i < shape->blanks && rest.len; i++) {
		if (!is_blank(rest.ptr[0]))
			return false;
		rest = span_skip(rest, 1);
	}
	*line = rest;
	return true;
}

void line_prefix_learn(struct line_prefix_log *log, struct span prefix)
{
	struct span text = span_trim(prefix);
	size_t blanks = (size_t)(prefix.ptr + prefix.len - text.ptr) - text.len;
	struct line_prefix_shape *shape;

	for (size_t i = 0; i < log->count && i < LINE_PREFIX_SHAPES_MAX; i++) {
		shape = &log->shapes[i];
		if (!line_prefix_is_alike(buf_span(&shape->text), text))
			continue;
		if (blanks < shape->blanks)
			shape->blanks = blanks;
		return;
	}
	shape = &log->shapes[log->count++ % LINE_PREFIX_SHAPES_MAX];
	buf_clear(&shape->text);
	buf_add_span(&shape->text, text);
	shape->blanks = blanks;
}

static bool take_log_prefix(const struct line_prefix_log *log, struct span *s)
{
	size_t count = log->count < LINE_PREFIX_SHAPES_MAX ? log->count : LINE_PREFIX_SHAPES_MAX;

	for (size_t i = 0; i < count; i++)
		if (take_prefix(&log->shapes[i], s))
			return true;
	return false;
}

/* True for a time, a tag in brackets or a log level: it has a digit, and ends in a separator and a
 * blank. */
static bool is_log_prefix(struct span prefix)
{
	struct span trimmed = span_trim(prefix);
	bool digit = false;

	if (!trimmed.len || prefix.len > LINE_ANCHOR_PREFIX_MAX || trimmed.len == prefix.len ||
	    span_starts(trimmed, SPAN_LIT("[Switching to ")) ||
	    span_starts(trimmed, SPAN_LIT("Run till exit")))
		return false;
	for (size_t i = 0; i < trimmed.len; i++)
		digit |= isdigit((unsigned char)trimmed.ptr[i]) != 0;
	return digit && span_has(SPAN_LIT(":]|>-)"), trimmed.ptr[trimmed.len - 1]);
}

/* Searches for a frame or a thread after a log's prefix, and stores the prefix's shape. */
static void learn_log_prefix(struct line_prefix_log *log, struct span *s)
{
	struct line_anchor anchor;

	if (!line_anchor_find(*s, &anchor) || !is_log_prefix(anchor.prefix))
		return;
	line_prefix_learn(log, anchor.prefix);
	*s = anchor.rest;
}

/* A prefix is not stripped from what is gdb's without that. */
static bool is_plain(struct span s)
{
	return gdb_thread_starts(s) || gdb_frame_starts(s);
}

static bool take_wiki_mark(struct span *s)
{
	struct span rest = *s;
	bool quoted = false;

	if (!take_any(&rest, wiki_marks, sizeof(wiki_marks) / sizeof(wiki_marks[0]), &quoted) ||
	    !is_plain(rest))
		return false;
	*s = rest;
	return true;
}

static struct span strip_marks(struct line_prefix_log *log, struct span s,
                               struct line_prefix_info *info)
{
	bool found = true, once = log->count > 0;

	while (found) {
		size_t before = s.len;

		s = span_skip_blanks(s);
		info->indent = before - s.len;
		if (once && !is_plain(s) && take_log_prefix(log, &s)) {
			once = false;
			info->learnt = true;
			continue;
		}
		found = take_any(&s, marks, sizeof(marks) / sizeof(marks[0]), &info->quoted) ||
		        take_wiki_mark(&s) || take_comment(&s);
		if (take_any(&s, prompts, sizeof(prompts) / sizeof(prompts[0]), &info->quoted))
			found = info->prompt = true;
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
	if (text.len && !is_plain(text) && text.ptr[0] != '~')
		learn_log_prefix(log, &text);
	return text;
}
