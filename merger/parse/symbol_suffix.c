#include "merger/parse/symbol_suffix.h"

#include "merger/base/number.h"

#define RUST_HASH_DIGITS 16

static const struct suffix {
	struct span text;
	bool part, numbered_part; /* a part that the function calls; the same, if it has a number */
	bool sure;                /* no name that a programmer writes ends so */
} suffixes[] = {
	{ SPAN_INIT(".part"), true, true, false },
	{ SPAN_INIT(".cold"), false, true, false },
	{ SPAN_INIT(".constprop"), false, false, true },
	{ SPAN_INIT(".isra"), false, false, true },
	{ SPAN_INIT(".lto_priv"), false, false, true },
	{ SPAN_INIT(".localalias"), false, false, true },
	{ SPAN_INIT(".llvm"), false, false, false },
};

/* What take_suffix has found. */
struct found {
	bool part, hash, sure;
};

/* Removes ".N" from the end. */
static bool take_dot_number(struct span *name)
{
	size_t len = name->len;

	while (len && number_is_digit(name->ptr[len - 1]))
		len--;
	if (len == name->len || !len || name->ptr[len - 1] != '.')
		return false;
	name->len = len - 1;
	return true;
}

/* Removes one suffix from the end. */
static bool take_suffix(struct span *name, struct found *ret)
{
	struct span rest = *name;
	bool number = take_dot_number(&rest);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const struct suffix *suffix = &suffixes[i];

		if (!span_ends(rest, suffix->text))
			continue;
		name->len = rest.len - suffix->text.len;
		ret->part |= number ? suffix->numbered_part : suffix->part;
		ret->sure |= number || suffix->sure;
		return true;
	}
	return false;
}

/* Removes "::h" and 16 digits. */
static bool take_rust_hash(struct span *name, struct found *ret)
{
	struct span rest = *name;

	if (rest.len < RUST_HASH_DIGITS)
		return false;
	rest.len -= RUST_HASH_DIGITS;
	for (size_t i = rest.len; i < name->len; i++)
		if (number_digit(name->ptr[i]) < 0)
			return false;
	if (!span_ends(rest, SPAN_LIT("::h")))
		return false;
	name->len = rest.len - strlen("::h");
	ret->hash = ret->sure = true;
	return true;
}

/* A dot outside of brackets. */
static bool has_dot(struct span name)
{
	size_t depth = 0;

	for (size_t i = 0; i < name.len; i++) {
		if (span_has(SPAN_LIT("<({["), name.ptr[i]))
			depth++;
		else if (span_has(SPAN_LIT(">)}]"), name.ptr[i]))
			depth -= depth > 0;
		else if (name.ptr[i] == '.' && !depth)
			return true;
	}
	return false;
}

/* "main.part": no compiler splits main, but Go's programs have names like this. */
static bool is_go_part(struct span name, const struct found *found)
{
	return found->part && span_eq(name, SPAN_LIT("main"));
}

struct symbol_suffix symbol_suffix_cut(struct span *name)
{
	struct found found = { 0 };
	struct span rest = *name;

	while (take_suffix(&rest, &found) || take_rust_hash(&rest, &found))
		;
	if (!rest.len || rest.len == name->len ||
	    (!found.sure && (has_dot(rest) || is_go_part(rest, &found))))
		return (struct symbol_suffix){ 0 };
	*name = rest;
	return (struct symbol_suffix){ found.part, found.hash };
}

bool symbol_suffix_is_part(struct span clones)
{
	struct found found = { 0 };

	for (size_t i = clones.len; i > 0; i--) {
		struct span rest = { clones.ptr, i - 1 };

		if (clones.ptr[i - 1] == ']')
			while (take_suffix(&rest, &found))
				;
	}
	return found.part;
}
