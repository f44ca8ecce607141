#include "cli/commands/profile_input.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "merger/formats/format.h"
#include "merger/formats/profile_split.h"
#include "cli/os/input_file.h"
#include "merger/base/printable.h"

#define HOST_WITHIN ((size_t)64 << 10) /* the host's name is in a profile's first bytes */
#define HOST_MAX 64

struct splitting {
	const char *path;
	profile_input_each each;
	void *ctx;
	struct buf text; /* not passed to `each` yet */
	size_t seen;     /* bytes of text that were searched for a profile's end */
	size_t count;    /* profiles so far */
	size_t lines;    /* of the collapsed stacks that text continues; passed to `each` already */
};

static bool is_blank(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.ptr[i]))
			return false;
	return true;
}

/* Moves *rest past the first `what` in it. */
static bool skip_past(struct span *rest, struct span what)
{
	const char *at = rest->len ? memmem(rest->ptr, rest->len, what.ptr, what.len) : NULL;

	if (at)
		*rest = span_skip(*rest, (size_t)(at - rest->ptr) + what.len);
	return at != NULL;
}

/* The host of one of pmp's recordings, found without parsing, so that an unreadable one can be
 * named too; empty: not found. */
static struct span find_host(struct span text)
{
	static const struct {
		struct span target, host;
	} words[] = {
		{ SPAN_INIT("\ntarget: {"), SPAN_INIT(" host: ") },
		{ SPAN_INIT("\n\"target\":{"), SPAN_INIT("\"host\":\"") },
	};

	if (text.len > HOST_WITHIN)
		text.len = HOST_WITHIN;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct span rest = text;
		size_t len = 0;

		if (!skip_past(&rest, words[i].target) || !skip_past(&rest, words[i].host))
			continue;
		while (len < rest.len && len < HOST_MAX &&
		       (isalnum((unsigned char)rest.ptr[len]) ||
		        span_has(SPAN_LIT("-._"), rest.ptr[len])))
			len++;
		return (struct span){ rest.ptr, len };
	}
	return (struct span){ "", 0 };
}

static bool is_stdin(const struct splitting *splitting)
{
	return !strcmp(splitting->path, "-");
}

/* "a.yaml", "a.yaml (profile 3)", "standard input (profile 3, of web2)", "a.folded (from line
 * 80001)". */
struct name {
	char text[sizeof(((struct printable *)NULL)->text) + HOST_MAX + 40];
};

/* `only`: it is the only profile of the input. */
static void make_name(struct name *ret, const struct splitting *splitting, bool only)
{
	struct span host = find_host(buf_span(&splitting->text));
	struct printable printable;
	const char *path = printable_name(&printable, input_file_name(splitting->path));

	if (splitting->lines)
		snprintf(ret->text, sizeof(ret->text), "%s (from line %zu)", path,
		         splitting->lines + 1);
	else if (only)
		snprintf(ret->text, sizeof(ret->text), "%s", path);
	else
		snprintf(ret->text, sizeof(ret->text), "%s (profile %zu%s%.*s)", path,
		         splitting->count, host.len ? ", of " : "", SPAN_ARG(host));
}

static size_t count_lines(struct span text)
{
	size_t count = 0;

	for (const char *at; text.len && (at = memchr(text.ptr, '\n', text.len));) {
		text = span_skip(text, (size_t)(at - text.ptr) + 1);
		count++;
	}
	return count;
}

/* `only`: it is the only profile of the input; if that is blank, the input has no profile. */
static bool pass_one(struct splitting *splitting, bool only, struct error *err)
{
	bool blank = is_blank(buf_span(&splitting->text)), continues;
	struct name name;

	if (blank && !only)
		return true;
	continues = splitting->count && !profile_split_begins(buf_span(&splitting->text));
	if (!continues) {
		splitting->count++;
		splitting->lines = 0;
	}
	/* If a profile breaks off in the middle of a line, the next one may be in the same text. */
	make_name(&name, splitting,
	          (only || !profile_split_begins(buf_span(&splitting->text))) &&
	                  (blank || !is_stdin(splitting)));
	if (blank)
		return error_set(err, ERROR_INPUT, "%s: there is no profile in it", name.text);
	splitting->lines += count_lines(buf_span(&splitting->text));
	return splitting->each(splitting->ctx, &splitting->text, name.text, continues, err);
}

/* Passes splitting->text to `each`. `last`: the input ends with it. */
static bool pass_text(struct splitting *splitting, bool last, struct error *err)
{
	bool ok = pass_one(splitting, last && !splitting->count, err);

	buf_deinit(&splitting->text);
	return ok;
}

static bool pass_whole_profiles(struct splitting *splitting, struct error *err)
{
	size_t len;

	while ((len = profile_split(buf_span(&splitting->text), &splitting->seen))) {
		struct buf rest = { 0 };
		bool ok;

		buf_add(&rest, splitting->text.ptr + len, splitting->text.len - len);
		splitting->text.len = len;
		ok = pass_text(splitting, false, err);
		splitting->text = rest;
		splitting->seen = 0;
		if (!ok)
			return false;
	}
	return true;
}

static bool split_text(void *ctx, struct span text, struct error *err)
{
	struct splitting *splitting = ctx;
	struct printable printable;

	buf_add_span(&splitting->text, text);
	if (splitting->text.len > INPUT_FILE_MAX)
		return error_set(err, ERROR_INPUT,
		                 "cannot read %s: it is larger than a profile can be (1 GiB)",
		                 printable_name(&printable, splitting->path));
	return pass_whole_profiles(splitting, err);
}

bool profile_input_read(const char *path, profile_input_each each, void *ctx, struct error *err)
{
	struct splitting splitting = { .path = path, .each = each, .ctx = ctx };
	bool ok = input_file_each(path, split_text, &splitting, err) &&
	          pass_text(&splitting, true, err);

	buf_deinit(&splitting.text);
	return ok;
}

struct profile *profile_input_read_one(const char *path, struct error *err)
{
	struct buf text = { 0 };
	struct profile *profile = NULL;
	struct printable name;

	if (input_file_read_all(path, &text, err))
		profile = format_read(buf_span(&text), printable_name(&name, input_file_name(path)),
		                      err);
	buf_deinit(&text);
	return profile;
}
