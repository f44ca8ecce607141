/* span: a pointer into text and a length. The text has another owner and need not end in a NUL. */
#ifndef PMP_SPAN_H
#define PMP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

/* For printf: printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)(s).len, (s).ptr
/* The span of a string literal. */
#define SPAN_LIT(lit) ((struct span){ (lit), sizeof(lit) - 1 })
/* The same as an initialiser, for the rows of a table. */
#define SPAN_INIT(lit)                                                                             \
	{                                                                                          \
		(lit), sizeof(lit) - 1                                                             \
	}

/* The byte order mark that some editors and shells write at the start of a text. */
#define SPAN_BOM SPAN_LIT("\xef\xbb\xbf")

static inline struct span span_of(const char *str)
{
	return (struct span){ str, strlen(str) };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

static inline bool span_ends(struct span s, struct span suffix)
{
	return s.len >= suffix.len &&
	       memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

/* s without its first n bytes; empty if it has no more than n. */
static inline struct span span_skip(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	/* NULL + 0 is undefined, and an empty span's pointer may be NULL. */
	return (struct span){ n ? s.ptr + n : s.ptr, s.len - n };
}

/* Removes the prefix from *s. false: *s does not begin with it and is unchanged. */
static inline bool span_take(struct span *s, struct span prefix)
{
	if (!span_starts(*s, prefix))
		return false;
	*s = span_skip(*s, prefix.len);
	return true;
}

/* Takes the next line off *text, without its newline; the rest after the last newline counts as a
 * line. false: nothing is left. */
static inline bool span_take_line(struct span *text, struct span *line)
{
	const char *end;

	if (!text->len)
		return false;
	end = memchr(text->ptr, '\n', text->len);
	*line = (struct span){ text->ptr, end ? (size_t)(end - text->ptr) : text->len };
	*text = span_skip(*text, line->len + 1);
	return true;
}

/* True if the byte c is in s. */
static inline bool span_has(struct span s, char c)
{
	return s.len && memchr(s.ptr, c, s.len);
}

/* s without the blanks and tabs at its front. */
static inline struct span span_skip_blanks(struct span s)
{
	while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = span_skip(s, 1);
	return s;
}

/* s without the blanks and tabs at both ends. */
static inline struct span span_trim(struct span s)
{
	s = span_skip_blanks(s);
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Takes the next word, which ends at a blank. False: there is none. */
static inline bool span_take_word(struct span *text, struct span *word)
{
	size_t len = 0;

	*text = span_skip_blanks(*text);
	while (len < text->len && text->ptr[len] != ' ' && text->ptr[len] != '\t')
		len++;
	*word = (struct span){ text->ptr, len };
	*text = span_skip(*text, len);
	return len > 0;
}

/* The part after the last '/'; all of s if there is none. */
static inline struct span span_basename(struct span s)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.ptr[i - 1] == '/')
			return span_skip(s, i);
	return s;
}

#endif
