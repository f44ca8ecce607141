#include "profile_input.h"

#include <stdio.h>
#include <string.h>

#include "../merger/format.h"
#include "../merger/profile_split.h"
#include "input.h"
#include "shown.h"

#define CHUNK (64u << 10)

struct splitting {
	const char *path;
	profile_input_each each;
	void *ctx;
	struct buf text; /* not passed on yet */
	size_t seen, count;
};

static bool is_blank(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.ptr[i]))
			return false;
	return true;
}

/* `last`: there's nothing behind it, so that the only one of a file is that file. */
static bool pass(struct splitting *s, struct buf *text, bool last, struct error *err)
{
	struct shown shown;
	char name[sizeof(shown.text) + 40];
	bool ok;

	if (s->count && is_blank(buf_span(text)))
		return true;
	shown_name(&shown, strcmp(s->path, "-") ? s->path : "standard input");
	if (s->count++ || !last)
		snprintf(name, sizeof(name), "%s (profile %zu)", shown.text, s->count);
	else
		snprintf(name, sizeof(name), "%s", shown.text);
	ok = s->each(s->ctx, text, name, err);
	buf_deinit(text);
	return ok;
}

static bool pass_whole_ones(struct splitting *s, struct error *err)
{
	size_t len;

	while ((len = profile_split(buf_span(&s->text), &s->seen))) {
		struct buf rest = { 0 };
		bool ok;

		buf_add(&rest, s->text.ptr + len, s->text.len - len);
		s->text.len = len;
		ok = pass(s, &s->text, false, err);
		s->text = rest;
		s->seen = 0;
		if (!ok)
			return false;
	}
	return true;
}

bool profile_input_read(const char *path, profile_input_each each, void *ctx, struct error *err)
{
	struct splitting s = { .path = path, .each = each, .ctx = ctx };
	struct input input;
	struct shown shown;
	size_t got;
	bool ok;

	if (!input_open(&input, path, err))
		return false;
	do {
		ok = input_read(&input, buf_reserve(&s.text, CHUNK), CHUNK, &got, err);
		s.text.len += got;
		if (ok && s.text.len > INPUT_MAX)
			ok = error_set(err, ERROR_INPUT,
			               "cannot read %s: it is larger than a profile can be (1 GiB)",
			               shown_name(&shown, path));
		ok = ok && pass_whole_ones(&s, err);
	} while (ok && got);
	input_close(&input);
	ok = ok && pass(&s, &s.text, true, err);
	buf_deinit(&s.text);
	return ok;
}

struct profile *profile_input_read_one(const char *path, struct error *err)
{
	struct buf text = { 0 };
	struct profile *profile = NULL;
	struct shown name;

	if (input_read_all(path, &text, err))
		profile = format_read(
		        buf_span(&text),
		        shown_name(&name, strcmp(path, "-") ? path : "standard input"), err);
	buf_deinit(&text);
	return profile;
}
