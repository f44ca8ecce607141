#include "merger/parse/marker.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"

static const struct {
	struct span name;
	enum marker_verb verb;
} verbs[] = {
	{ SPAN_INIT("run"), MARKER_RUN },           { SPAN_INIT("target"), MARKER_TARGET },
	{ SPAN_INIT("python"), MARKER_PYTHON },     { SPAN_INIT("maps"), MARKER_MAPS },
	{ SPAN_INIT("map"), MARKER_MAP },           { SPAN_INIT("module"), MARKER_MODULE },
	{ SPAN_INIT("attached"), MARKER_ATTACHED }, { SPAN_INIT("begin"), MARKER_BEGIN },
	{ SPAN_INIT("state"), MARKER_STATE },       { SPAN_INIT("doing"), MARKER_DOING },
	{ SPAN_INIT("code"), MARKER_CODE },         { SPAN_INIT("more"), MARKER_MORE },
	{ SPAN_INIT("lost"), MARKER_LOST },         { SPAN_INIT("end"), MARKER_END },
	{ SPAN_INIT("late"), MARKER_LATE },         { SPAN_INIT("failed"), MARKER_FAILED },
	{ SPAN_INIT("note"), MARKER_NOTE },         { SPAN_INIT("stop"), MARKER_STOP },
	{ SPAN_INIT("kernel"), MARKER_KERNEL },     { SPAN_INIT("process"), MARKER_PROCESS },
	{ SPAN_INIT("thread"), MARKER_THREAD },     { SPAN_INIT("fd"), MARKER_FD },
	{ SPAN_INIT("child"), MARKER_CHILD },       { SPAN_INIT("waits"), MARKER_WAITS },
	{ SPAN_INIT("local"), MARKER_LOCAL },       { SPAN_INIT("gil"), MARKER_GIL },
	{ SPAN_INIT("task"), MARKER_TASK },         { SPAN_INIT("await"), MARKER_AWAIT },
	{ SPAN_INIT("runtime"), MARKER_RUNTIME },   { SPAN_INIT("unread"), MARKER_UNREAD },
	{ SPAN_INIT("lock"), MARKER_LOCK },         { SPAN_INIT("crash"), MARKER_CRASH },
	{ SPAN_INIT("ruby"), MARKER_RUBY },
};

/* Takes the word before the next blank off the front of *s. */
static struct span take_word(struct span *s)
{
	const char *blank = s->len ? memchr(s->ptr, ' ', s->len) : NULL;
	size_t len = blank ? (size_t)(blank - s->ptr) : s->len;
	struct span word = { s->ptr, len };

	*s = span_skip(*s, blank ? len + 1 : len);
	return word;
}

bool marker_parse(struct span line, struct marker *ret)
{
	struct span verb;

	if (!span_take(&line, SPAN_LIT(MARKER_PREFIX)))
		return false;
	verb = take_word(&line);
	ret->verb = MARKER_UNKNOWN;
	ret->pairs = line;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (span_eq(verb, verbs[i].name))
			ret->verb = verbs[i].verb;
	return true;
}

bool marker_next(const struct marker *marker, size_t *pos, struct span *key, struct span *value)
{
	struct span rest = span_skip(marker->pairs, *pos);

	while (rest.len) {
		struct span word = take_word(&rest);
		const char *equals = word.len ? memchr(word.ptr, '=', word.len) : NULL;

		*pos = marker->pairs.len - rest.len;
		if (!equals)
			continue; /* not a pair: an addition of a later version */
		*key = (struct span){ word.ptr, (size_t)(equals - word.ptr) };
		*value = span_skip(word, key->len + 1);
		return true;
	}
	return false;
}

struct span marker_get(const struct marker *marker, const char *key)
{
	struct span wanted = span_of(key), name, value;
	size_t pos = 0;

	while (marker_next(marker, &pos, &name, &value))
		if (span_eq(name, wanted))
			return value;
	return (struct span){ NULL, 0 };
}

uint64_t marker_number(const struct marker *marker, const char *key, uint64_t dflt)
{
	struct span text = marker_get(marker, key);
	unsigned base = span_take(&text, SPAN_LIT("0x")) ? 16 : 10;
	uint64_t number = 0;

	if (!text.len)
		return dflt;
	for (size_t i = 0; i < text.len; i++) {
		int digit = number_digit(text.ptr[i]);

		if (digit < 0 || (unsigned)digit >= base ||
		    __builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit, &number))
			return dflt;
	}
	return number;
}

size_t marker_numbers(const struct marker *marker, const char *key, uint64_t **ret)
{
	struct span wanted = span_of(key), name, value;
	size_t pos = 0, count = 0, cap = 0;

	*ret = NULL;
	while (marker_next(marker, &pos, &name, &value) && count < MARKER_NUMBERS_MAX) {
		struct marker one = {
			.pairs = { name.ptr, (size_t)(value.ptr + value.len - name.ptr) },
		};

		if (!span_eq(name, wanted))
			continue;
		*ret = alloc_grow(*ret, &cap, count + 1, sizeof(**ret));
		(*ret)[count++] = marker_number(&one, key, 0);
	}
	return count;
}

double marker_real(const struct marker *marker, const char *key, double dflt)
{
	struct span text = marker_get(marker, key);
	char copy[64], *end;
	double real;

	if (!text.len || text.len >= sizeof(copy))
		return dflt;
	for (size_t i = 0; i < text.len; i++)
		if (!span_has(SPAN_LIT("0123456789+-.eE"), text.ptr[i]))
			return dflt;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	real = strtod(copy, &end);
	return *end == '\0' && isfinite(real) ? real : dflt;
}

struct span marker_decode(struct span value, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '%' && value.len - i > 2) {
			int high = number_digit(value.ptr[i + 1]),
			    low = number_digit(value.ptr[i + 2]);

			if (high >= 0 && low >= 0) {
				c = (char)(high * 16 + low);
				i += 2;
			}
		}
		buf_add(out, &c, 1);
	}
	return buf_span(out);
}

void marker_open(struct buf *out, const char *verb)
{
	buf_printf(out, MARKER_PREFIX "%s", verb);
}

void marker_add(struct buf *out, const char *key, struct span value)
{
	buf_printf(out, " %s=", key);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c <= 0x20 || c == 0x7f || c == '%')
			buf_printf(out, "%%%02X", c);
		else
			buf_add(out, value.ptr + i, 1);
	}
}

void marker_addf(struct buf *out, const char *key, const char *format, ...)
{
	char small[256], *text = small;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(small)) {
		va_start(args, format);
		len = vasprintf(&text, format, args);
		va_end(args);
		if (len < 0)
			return;
	}
	marker_add(out, key, (struct span){ text, (size_t)len });
	if (text != small)
		free(text);
}

void marker_close(struct buf *out)
{
	buf_add(out, "\n", 1);
}

void marker_unread(struct buf *out, const char *what, const char *why)
{
	marker_open(out, "unread");
	marker_add(out, "what", span_of(what));
	marker_add(out, "why", span_of(why));
	marker_close(out);
}
