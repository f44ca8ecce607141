#include "tests/fuzz/oracle.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pprof.pb-c.h"
#include "merger/base/escape.h"
#include "merger/base/intern.h"
#include "merger/formats/file_writers.h"
#include "merger/formats/format.h"
#include "merger/profile/profile.h"
#include "merger/profile/tree.h"
#include "merger/profile/write_options.h"

/* The limits of merger/README.md. The fixed part also covers the overhead of sanitizers. */
#define MEMORY_FIXED (1u << 20)
#define MEMORY_FACTOR 192

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t oracle_allocated(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
	                                               : 0;
}

void oracle_memory(size_t before, size_t size)
{
	size_t now = oracle_allocated();

	CHECK(now <= before || now - before <= MEMORY_FIXED + MEMORY_FACTOR * size,
	      "%zu bytes for a text of %zu", now - before, size);
}

void oracle_lines(const uint8_t *data, size_t size, void (*take)(struct span line))
{
	struct span rest = oracle_span(data, size), line;

	while (span_take_line(&rest, &line)) {
		/* A copy, so that a sanitizer detects a read past the line's end. */
		char *copy = malloc(line.len ? line.len : 1);

		memcpy(copy, line.ptr, line.len);
		take((struct span){ copy, line.len });
		free(copy);
	}
}

void oracle_inside(struct span part, struct span whole)
{
	if (!part.len)
		return;
	CHECK(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len,
	      "a options of %zu bytes outside of its text", part.len);
}

/* The length of the character at p; 0 if it is not UTF-8. Does not use escape.c, which is under
 * test. */
static size_t measure_utf8(const unsigned char *p, size_t len, uint32_t *point)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t n = 0; n < 4; n++) {
		if ((p[0] & forms[n].mask) != forms[n].lead)
			continue;
		*point = p[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if (i >= len || (p[i] & 0xc0) != 0x80)
				return 0;
			*point = *point << 6 | (p[i] & 0x3f);
		}
		return *point >= forms[n].least && *point <= 0x10ffff && (*point >> 11) != 0x1b
		               ? n + 1
		               : 0;
	}
	return 0;
}

/* The length of a colour sequence of pmp, ESC [ digits and ';' m; 0 for other text. */
static size_t measure_colour(const unsigned char *p, size_t len)
{
	size_t i = 2;

	if (len < 3 || p[0] != '\33' || p[1] != '[')
		return 0;
	while (i < len && ((p[i] >= '0' && p[i] <= '9') || p[i] == ';'))
		i++;
	return i < len && p[i] == 'm' ? i + 1 : 0;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x200e ||
	       point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

void oracle_text(struct span text, enum oracle_text kind)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t i = 0;

	while (i < text.len) {
		uint32_t point = 0;
		size_t len = kind == ORACLE_COLOURED ? measure_colour(p + i, text.len - i) : 0;

		if (len) {
			i += len;
			continue;
		}
		len = measure_utf8(p + i, text.len - i, &point);
		CHECK(len, "not UTF-8 at byte %zu: 0x%02x", i, p[i]);
		CHECK(!is_control(point) || (point == '\n' && kind != ORACLE_NAME),
		      "a control character at byte %zu: U+%04x", i, point);
		i += len;
	}
}

void oracle_error(const struct error *err, enum error_code code)
{
	size_t len = strnlen(err->text, sizeof(err->text));

	CHECK(err->code == code, "code %d, text '%s'", err->code, err->text);
	CHECK(len > 0 && len < sizeof(err->text), "no text");
	oracle_text((struct span){ err->text, len }, ORACLE_NAME);
}

static void check_node(const struct tree *tree, uint32_t at)
{
	const struct tree_node *node = tree_node(tree, at);
	uint64_t sum = 0, lines = 0;

	for (uint32_t i = node->first_child; i != TREE_NONE; i = tree_node(tree, i)->next_sibling) {
		CHECK(tree_node(tree, i)->parent == at, "node %u", i);
		CHECK(!__builtin_add_overflow(sum, tree_node(tree, i)->total, &sum), "node %u", at);
	}
	CHECK(sum <= node->total, "node %u", at);
	for (struct tree_line line = tree_line_first(tree, at); line.number;
	     line = tree_line_next(tree, &line))
		CHECK(!__builtin_add_overflow(lines, line.weight, &lines), "node %u", at);
	CHECK(lines <= node->total, "node %u", at);
}

void oracle_profile(const struct profile *profile)
{
	size_t seen = 0;

	for (uint32_t i = TREE_ROOT; i != TREE_NONE; i = tree_next(profile->tree, i, NULL)) {
		check_node(profile->tree, i);
		seen++;
	}
	CHECK(seen == tree_count(profile->tree), "%zu of %zu nodes", seen,
	      tree_count(profile->tree));
	CHECK(profile->weight != PROFILE_SAMPLES ||
	              tree_node(profile->tree, TREE_ROOT)->total + profile->left_out ==
	                      profile_stacks(profile),
	      "the marks' sum");
	for (uint32_t i = 0; i < intern_count(profile->intern); i++) {
		struct span text = intern_get(profile->intern, i);

		CHECK(text.len <= ESCAPE_MAX && escape_is_clean(text), "name %u", i);
		oracle_text(text, ORACLE_NAME);
	}
}

/* Stores the unpacked bytes in *ret, which the caller frees, and returns their number. */
static size_t unpack_gzip(char *packed, size_t len, uint8_t **ret)
{
	z_stream zip = { .next_in = (uint8_t *)packed, .avail_in = (unsigned)len };
	size_t cap = 1 << 16, have = 0;
	int state = inflateInit2(&zip, MAX_WBITS + 16);

	*ret = malloc(cap);
	while (state == Z_OK) {
		if (have == cap)
			*ret = realloc(*ret, cap *= 2);
		zip.next_out = *ret + have;
		zip.avail_out = (unsigned)(cap - have);
		state = inflate(&zip, Z_NO_FLUSH);
		have = cap - zip.avail_out;
	}
	CHECK(state == Z_STREAM_END && !zip.avail_in, "gzip: %d", state);
	inflateEnd(&zip);
	return have;
}

/* All ids and indices are valid, and the values add up to the tree's weight. */
static void check_pprof(const struct profile *profile, char *packed, size_t len)
{
	uint8_t *bytes;
	size_t size = unpack_gzip(packed, len, &bytes);
	Pprof__Profile *read = pprof__profile__unpack(NULL, size, bytes);
	bool cpu = profile->weight == PROFILE_CPU_US;
	uint64_t total = tree_node(profile->tree, TREE_ROOT)->total, sum = 0;

	CHECK(read && read->n_sample_type && read->n_string_table, "no profile");
	for (size_t i = 0; i < read->n_sample; i++) {
		const Pprof__Sample *sample = read->sample[i];

		CHECK(sample->n_value == read->n_sample_type, "sample %zu", i);
		sum += (uint64_t)sample->value[cpu ? sample->n_value - 1 : 0];
		for (size_t k = 0; k < sample->n_location_id; k++)
			CHECK(sample->location_id[k] - 1 < read->n_location, "sample %zu", i);
	}
	for (size_t i = 0; i < read->n_location; i++)
		CHECK(read->location[i]->id == i + 1 && read->location[i]->n_line == 1 &&
		              read->location[i]->line[0]->function_id - 1 < read->n_function &&
		              read->location[i]->mapping_id <= read->n_mapping,
		      "location %zu", i);
	for (size_t i = 0; i < read->n_function; i++)
		CHECK(read->function[i]->id == i + 1 &&
		              (size_t)read->function[i]->name < read->n_string_table &&
		              (size_t)read->function[i]->filename < read->n_string_table,
		      "function %zu", i);
	CHECK(total > INT64_MAX / 1000 || sum == total * (cpu ? 1000 : 1), "%llu of %llu",
	      (unsigned long long)sum, (unsigned long long)total);
	pprof__profile__free_unpacked(read, NULL);
	free(bytes);
}

char *oracle_write(const struct profile *profile, const char *format,
                   const struct write_options *options)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool done = format_by_name(span_of(format))->write(profile, options, out, &err);

	CHECK(fclose(out) == 0 && done && err.code == ERROR_NONE, "%s: %s", format, err.text);
	if (format_by_name(span_of(format))->binary) {
		check_pprof(profile, text, len);
		return text;
	}
	CHECK(strlen(text) == len, "a NUL in what was written");
	CHECK(!len || text[len - 1] == '\n', "the last line does not end");
	oracle_text((struct span){ text, len }, options->colour ? ORACLE_COLOURED : ORACLE_OUTPUT);
	return text;
}

/* The written text can be read, and the result is written as the same text. */
static void check_read_again(const struct profile *profile, const char *format, const char *text)
{
	static const struct write_options options = { .full_paths = true };
	struct error err = { 0 };
	struct profile *again = format_by_name(span_of(format))->read(span_of(text), "again", &err);
	char *second;

	CHECK(again, "%s\n%s", err.text, text);
	oracle_profile(again);
	CHECK(profile_stacks(again) - again->left_out ==
	              profile_stacks(profile) - profile->left_out,
	      "%s\n%s", format, text);
	second = oracle_write(again, format, &options);
	CHECK(!strcmp(text, second), "%s\n%s--- and again\n%s", format, text, second);
	free(second);
	profile_destroy(again);
}

void oracle_formats(const struct profile *profile)
{
	static const struct write_options option_sets[] = {
		{ .full_paths = true },
		{ .min_percent = 1, .width = 80, .ascii = true },
		{ .min_percent = 5, .width = 10, .colour = true },
	};

	for (size_t i = 0; i < sizeof(option_sets) / sizeof(option_sets[0]); i++)
		free(oracle_write(profile, "tree", &option_sets[i]));
	for (size_t i = 0; format_at(i); i++) {
		char *text;

		if (!format_fits(format_at(i), profile))
			continue;
		text = oracle_write(profile, format_at(i)->name, &option_sets[0]);

		/* Collapsed stacks do not have the unit of their weight. */
		if (format_at(i)->read &&
		    (profile->weight == PROFILE_SAMPLES || format_at(i)->read == yaml_profile_read))
			check_read_again(profile, format_at(i)->name, text);
		free(text);
	}
}
