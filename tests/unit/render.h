/* render: helpers of the writers' tests: a profile as text, and random profiles. */
#ifndef PMP_TEST_RENDER_H
#define PMP_TEST_RENDER_H

#include <stdio.h>
#include <stdlib.h>

#include "merger/formats/file_writers.h"
#include "merger/formats/format.h"

/* Binary data as hexadecimal digits. Frees bytes; the caller frees the result. */
static inline char *in_hex(char *bytes, size_t len)
{
	char *text = calloc(len + 1, 2);

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
	free(bytes);
	return text;
}

/* The caller frees it. */
static inline char *render(const struct profile *profile, const char *format,
                           const struct write_options *options)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!format_by_name(span_of(format))->write(profile, options, out, &err))
		fprintf(out, "error: %s", err.text);
	fclose(out);
	return format_by_name(span_of(format))->binary ? in_hex(text, len) : text;
}

/* xorshift64, so that a seed gives the same profile on every machine. */
static inline uint64_t dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static const char *const odd_strings[] = {
	"main",
	"null",
	"Yes",
	"~",
	"1.5",
	"0x10",
	"-1",
	".inf",
	"- a",
	"a: b",
	"#c",
	"[x]",
	"{",
	"*a",
	"&a",
	"!t",
	"|",
	">",
	"%d",
	"@",
	"`",
	"'",
	"\"",
	"<<",
	"=",
	"<module>",
	"operator[]",
	"a  b",
	" lead",
	"trail ",
	"caf\xc3\xa9",
	"\xe5\x87\xbd\xe6\x95\xb0",
	"\xf0\x9f\x90\x8d",
	"2026-11-22",
	"1:30",
	"3.11.2",
	"std::map<int, long>::operator() const",
	"a\\b",
	"x;y\n",
	"\xff\xfe",
	"?",
	"? a",
	"/srv/a b.py",
	"/srv/x.py",
	"/lib/libfoo.so",
	"---",
	"...",
	"\xef\xbb\xbf",
	"\xc2\x85",
	", ",
};
#define ODD_COUNT (sizeof(odd_strings) / sizeof(odd_strings[0]))

static inline uint32_t odd_string(struct profile *profile, uint64_t *state)
{
	if (dice(state) % 3 == 0)
		return 0;
	return intern_add_clean(profile->intern, span_of(odd_strings[dice(state) % ODD_COUNT]));
}

static inline void odd_sampling(struct profile *profile, uint64_t *state)
{
	struct profile_sampling *sampling = &profile->sampling;

	sampling->known = true;
	sampling->started = odd_string(profile, state);
	sampling->asked = dice(state) % 1000;
	sampling->taken = dice(state);
	sampling->late = dice(state) % 3;
	sampling->rate_mhz = dice(state) % 100000;
	sampling->achieved_mhz = dice(state) % 3 * 333;
	sampling->elapsed_ms = dice(state) % 3 * 19999;
	if (sampling->elapsed_ms)
		sampling->stopped_ppm = dice(state) % 1000001;
	if (dice(state) % 2)
		sampling->pause = (struct profile_pause){ true, dice(state) % 9999, 600,
			                                  dice(state) % 1000000, 7000001 };
}

static inline struct frame odd_frame(struct profile *profile, uint64_t *state)
{
	return (struct frame){
		.name = odd_string(profile, state),
		.file = odd_string(profile, state),
		.module = odd_string(profile, state),
		.first_line = (uint32_t)(dice(state) % 3),
		.line = (uint32_t)(dice(state) % 4),
		.kind = (enum frame_kind)(dice(state) % FRAME_KIND_COUNT),
	};
}

/* A random profile that uses every part of a profile, with unusual strings and numbers. */
static inline struct profile *odd_profile(uint64_t seed)
{
	uint64_t state = seed * 2654435761u + 1;
	struct profile *profile = profile_create(dice(&state) % 2);
	size_t stacks = dice(&state) % 60, targets = dice(&state) % 4;
	struct frame frames[12];

	for (size_t i = 0; i < targets; i++) {
		struct profile_target *target = profile_target(profile, (uint32_t)i * 77);

		target->executable = odd_string(profile, &state);
		target->python = odd_string(profile, &state);
		target->host = odd_string(profile, &state);
		target->arg_count = dice(&state) % 4;
		target->args = calloc(4, sizeof(*target->args));
		for (size_t j = 0; j < target->arg_count; j++)
			target->args[j] = odd_string(profile, &state);
	}
	if (dice(&state) % 2)
		odd_sampling(profile, &state);
	for (size_t i = 0; i < stacks; i++) {
		size_t count = 1 + dice(&state) % 12;
		uint64_t weight = dice(&state) % 1000;
		struct profile_thread *thread = profile_thread(
		        profile, (uint32_t)(dice(&state) % 3 * 77), (uint32_t)(dice(&state) % 5));

		for (size_t j = 0; j < count; j++)
			frames[j] = odd_frame(profile, &state);
		tree_add(profile->tree, frames, count, weight);
		profile->marks[dice(&state) % QUALITY_COUNT] += weight;
		thread->name = odd_string(profile, &state);
		thread->stacks += weight;
	}
	profile->text_lines = dice(&state) % 2 * 4400;
	profile->unknown_lines = dice(&state) % 3;
	for (size_t i = dice(&state) % 3; i > 0; i--)
		profile_note(profile, intern_add_clean(profile->intern, SPAN_LIT("note: [x]")));
	profile_sort(profile);
	return profile;
}

/* The text must be free of errors. */
static inline struct profile *read_collapsed(const char *text)
{
	struct error err = { 0 };
	struct profile *ret = collapsed_read(span_of(text), "text", &err);

	assert_non_null(ret);
	return ret;
}

/* The profile written as collapsed stacks and read again. Destroys the original. */
static inline struct profile *folded(struct profile *profile)
{
	const struct write_options options = { 0 };
	char *text = render(profile, "collapsed", &options);
	struct profile *ret = read_collapsed(text);

	profile_destroy(profile);
	free(text);
	return ret;
}

#endif
