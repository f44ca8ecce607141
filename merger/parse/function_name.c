#include "merger/parse/function_name.h"

#include <ctype.h>

#define NOT_FOUND ((size_t)-1)
/* Limits on searches: a line may be a megabyte of text that the target has made up. */
#define PLACE_MAX 4096
#define CLONE_MAX 128

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* An apostrophe inside a word ("can't access") does not open a string; those of L"", u8'' and b''
 * do. */
static bool is_opening_quote(struct span s, size_t i)
{
	if (i == 0 || !is_word(s.ptr[i - 1]))
		return true;
	return span_has(SPAN_LIT("LuUbr8"), s.ptr[i - 1]) && (i == 1 || !is_word(s.ptr[i - 2]));
}

/* The index after the string that begins at i, or NOT_FOUND. */
static size_t skip_string(struct span s, size_t i)
{
	char quote = s.ptr[i++];

	for (; i < s.len; i++) {
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == quote)
			return i + 1;
	}
	return NOT_FOUND;
}

/* The index after the ')' that closes the '(' at i; parentheses in strings do not count. NOT_FOUND
 * if it is not closed; *nested is then true if a string or bracket inside it is open too. */
static size_t skip_args(struct span s, size_t i, bool *nested)
{
	size_t parens = 0, braces = 0;

	for (; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '(':
			parens++;
			break;
		case ')':
			if (--parens == 0)
				return i + 1;
			break;
		case '{':
		case '[':
			braces++;
			break;
		case '}':
		case ']':
			braces -= braces > 0;
			break;
		case '"':
		case '\'':
			if (!is_opening_quote(s, i))
				break;
			i = skip_string(s, i);
			if (i == NOT_FOUND) {
				*nested = true;
				return NOT_FOUND;
			}
			i--; /* the loop adds 1 */
			break;
		}
	}
	*nested = braces > 0 || parens > 1;
	return NOT_FOUND;
}

/* The index after the bracket that closes the one at i, or NOT_FOUND. */
static size_t skip_bracket(struct span s, size_t i, char open, char close)
{
	size_t depth = 0;

	for (; i < s.len; i++) {
		if (s.ptr[i] == open)
			depth++;
		else if (s.ptr[i] == close && --depth == 0)
			return i + 1;
	}
	return NOT_FOUND;
}

/* The length of the symbol after "operator": "()", "<<=", " new[]" ...; 0 for a conversion. */
static size_t measure_operator(struct span s)
{
	static const struct span symbols[] = {
		SPAN_INIT("()"),  SPAN_INIT("[]"),        SPAN_INIT("<=>"),    SPAN_INIT("<<="),
		SPAN_INIT(">>="), SPAN_INIT("->*"),       SPAN_INIT("->"),     SPAN_INIT("<<"),
		SPAN_INIT(">>"),  SPAN_INIT("<="),        SPAN_INIT(">="),     SPAN_INIT("<"),
		SPAN_INIT(">"),   SPAN_INIT(" delete[]"), SPAN_INIT(" new[]"),
	};

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (span_starts(s, symbols[i]))
			return symbols[i].len;
	return 0;
}

/* The index after "operator" and its symbol; i if they do not begin there. */
static size_t skip_operator(struct span s, size_t i)
{
	struct span rest = span_skip(s, i);

	if (i > 0 && is_word(s.ptr[i - 1]))
		return i;
	if (!span_take(&rest, SPAN_LIT("operator")) || (rest.len && is_word(rest.ptr[0])))
		return i;
	return i + 8 + measure_operator(rest);
}

/* The index after the '>' that closes the '<' at i, or NOT_FOUND. */
static size_t skip_template(struct span s, size_t i)
{
	size_t depth = 0;

	while (i < s.len) {
		size_t next = i + 1;

		switch (s.ptr[i]) {
		case '<':
			depth++;
			break;
		case '>':
			/* Rust: "fn(u8) -> bool", C++: "x->y" */
			if (s.ptr[i - 1] != '-' && --depth == 0)
				return next;
			break;
		case '(':
			next = skip_bracket(s, i, '(', ')');
			break;
		case 'o':
			next = skip_operator(s, i);
			if (next == i)
				next++;
			break;
		}
		if (next == NOT_FOUND)
			return NOT_FOUND;
		i = next;
	}
	return NOT_FOUND;
}

/* True if the text after the arguments is empty or a place. Mailers lose blanks: "atx/y.c:12". */
static bool is_tail(struct span rest)
{
	rest = span_skip_blanks(rest);
	if (!rest.len || span_eq(rest, SPAN_LIT("at")) || span_eq(rest, SPAN_LIT("from")) ||
	    span_starts(rest, SPAN_LIT("at ")) || span_starts(rest, SPAN_LIT("from ")))
		return true;
	return span_starts(rest, SPAN_LIT("at")) && rest.len <= PLACE_MAX &&
	       !memchr(rest.ptr, ' ', rest.len) && isdigit((unsigned char)rest.ptr[rest.len - 1]);
}

/* Skips " const", " &", " [clone .x]" ... at the front. */
static struct span skip_qualifiers(struct span s)
{
	static const struct span words[] = {
		SPAN_INIT(" const"),    SPAN_INIT(" volatile"), SPAN_INIT(" &&"),
		SPAN_INIT(" &"),        SPAN_INIT("&&"),        SPAN_INIT("&"),
		SPAN_INIT(" noexcept"),
	};
	bool found = true;

	while (found) {
		found = false;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			found |= span_take(&s, words[i]);
		if (span_starts(s, SPAN_LIT(" [clone "))) {
			struct span clone = { s.ptr, s.len < CLONE_MAX ? s.len : CLONE_MAX };
			size_t end = skip_bracket(clone, 1, '[', ']');

			if (end == NOT_FOUND)
				break;
			s = span_skip(s, end);
			found = true;
		}
	}
	return s;
}

/* True if the name continues after parentheses, with "::f", ".f", "(*)" and the like. */
static bool is_name_continued(struct span rest)
{
	rest = skip_qualifiers(rest);
	return rest.len && !span_starts(rest, SPAN_LIT(" (")) &&
	       !span_starts(rest, SPAN_LIT("(")) && rest.ptr[0] != '\t';
}

/* "f [clone .cold]" and "f(int) [clone .cold]" are the function f. head: the text before the
 * arguments. */
static void strip_clones(struct span head, struct function_name *ret)
{
	const char *clone = head.len ? memmem(head.ptr, head.len, " [clone ", 8) : NULL;

	if (clone) {
		size_t at = (size_t)(clone - head.ptr);

		ret->clones = span_skip(head, at);
		if (ret->name.len > at)
			ret->name.len = at;
	}
	ret->name = span_trim(ret->name);
}

/* Takes the parentheses at `open`, which are outside of any bracket. Returns the index to continue
 * at; NOT_FOUND if they are the arguments (closed or not). *params is the start of a parameter
 * list, NOT_FOUND if there is none. */
static size_t take_parens(struct span text, size_t open, size_t *params, struct function_name *ret)
{
	bool nested = false;
	size_t end = skip_args(text, open, &nested);
	struct span rest;

	ret->name.len = *params != NOT_FOUND ? *params : open;
	ret->args = span_skip(text, open + 1);
	ret->end = FUNCTION_NAME_ARGS;
	if (end == NOT_FOUND) {
		ret->nested |= nested;
		return NOT_FOUND;
	}
	rest = span_skip(text, end);
	if (is_tail(rest)) {
		ret->args.len = end - open - 2;
		ret->rest = rest;
		ret->end = FUNCTION_NAME_CLOSED;
		return NOT_FOUND;
	}
	if (rest.ptr[0] == ',' || rest.ptr[0] == ')') {
		/* Brackets that do not match, "(range=[1, 2), b=1)": these are the arguments. */
		ret->nested = true;
		return NOT_FOUND;
	}
	if (is_name_continued(rest))
		*params = NOT_FOUND;
	else if (*params == NOT_FOUND)
		*params = open;
	return end;
}

/* The index after the part of the text that begins at i, outside of any bracket. */
static size_t take_part(struct span text, size_t i, size_t *params, struct function_name *ret)
{
	size_t next = i + 1;

	/* If one bracket is not closed, those inside it are not either. One search is enough. */
	if (ret->nested && span_has(SPAN_LIT("<{["), text.ptr[i]))
		return next;
	switch (text.ptr[i]) {
	case '<':
		next = skip_template(text, i);
		break;
	case '{':
		next = skip_bracket(text, i, '{', '}');
		break;
	case '[':
		next = skip_bracket(text, i, '[', ']');
		break;
	case 'o':
		next = skip_operator(text, i);
		return next == i ? i + 1 : next;
	case '(':
		return take_parens(text, i, params, ret);
	}
	if (next != NOT_FOUND)
		return next;
	ret->nested = true;
	return i + 1;
}

void function_name_parse(struct span text, struct function_name *ret)
{
	size_t params = NOT_FOUND;
	size_t i = 0;

	*ret = (struct function_name){ .end = FUNCTION_NAME_ONLY, .name = text };
	while (i < text.len) {
		i = take_part(text, i, &params, ret);
		if (i == NOT_FOUND) {
			text.len = (size_t)(ret->args.ptr - text.ptr) - 1;
			strip_clones(text, ret);
			return;
		}
	}
	/* Only parameter lists and words: "f(int) const", "prose (in parentheses) continues". */
	ret->end = FUNCTION_NAME_ONLY;
	ret->args = span_skip(text, params != NOT_FOUND ? params + 1 : text.len);
	ret->name.len = params != NOT_FOUND ? params : text.len;
	strip_clones(text, ret);
}

bool function_name_close(struct function_name *name)
{
	struct span args = name->args;

	if (name->end == FUNCTION_NAME_CLOSED)
		return false;
	for (size_t i = args.len; i > 0; i--) {
		struct span rest = span_skip(args, i);

		if (args.ptr[i - 1] != ')' || !is_tail(rest))
			continue;
		name->args.len = i - 1;
		name->rest = rest;
		name->end = FUNCTION_NAME_CLOSED;
		return true;
	}
	return false;
}
