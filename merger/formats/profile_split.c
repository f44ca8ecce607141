#include "merger/formats/profile_split.h"

#include "merger/formats/file_writers.h"

#define SEPARATOR_MAX 16 /* bytes needed to recognize the start of a profile */

/* The possible first bytes of a profile. The next profile is expected to begin like the first.
 * Other lines of pmp's JSON also begin with a brace, but not with a brace and a line break; JSON
 * without line breaks has no other lines. */
static const struct span starts[] = {
	SPAN_INIT("\npmp-profile:"),
	SPAN_INIT("\n{\n"),
	SPAN_INIT("\n{\r\n"),
	SPAN_INIT("\n{\""),
};

/* Skips a byte order mark and blank lines. */
static struct span skip_lead(struct span text)
{
	span_take(&text, SPAN_BOM);
	while (text.len && span_has(SPAN_LIT(" \t\r\n"), text.ptr[0]))
		text = span_skip(text, 1);
	return text;
}

static bool starts_with(struct span text, struct span start)
{
	return span_starts(text, span_skip(start, 1));
}

/* The position of `start` in text, from `from` on; text.len: not found. */
static size_t find_start(struct span text, size_t from, struct span start)
{
	const char *hit = from < text.len
	                          ? memmem(text.ptr + from, text.len - from, start.ptr, start.len)
	                          : NULL;

	return hit ? (size_t)(hit - text.ptr) : text.len;
}

static size_t split_stacks(struct span text)
{
	const char *end;

	if (text.len < PROFILE_SPLIT_STACKS || yaml_profile_detect(text))
		return 0;
	end = memrchr(text.ptr, '\n', text.len);
	return end ? (size_t)(end - text.ptr) + 1 : 0;
}

bool profile_split_begins(struct span text)
{
	struct span body = skip_lead(text);
	bool ret = starts_with(body, SPAN_LIT("\n---"));

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		ret |= starts_with(body, starts[i]);
	return ret;
}

size_t profile_split(struct span text, size_t *seen)
{
	struct span body = skip_lead(text);
	size_t lead = text.len - body.len, from = *seen > lead ? *seen : lead;
	size_t at = find_start(text, from, SPAN_LIT("\n---"));

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t next =
		        starts_with(body, starts[i]) ? find_start(text, from, starts[i]) : text.len;

		at = next < at ? next : at;
	}
	if (at < text.len)
		return at + 1;
	*seen = text.len > SEPARATOR_MAX ? text.len - SEPARATOR_MAX : 0;
	return profile_split_begins(text) ? 0 : split_stacks(text);
}
