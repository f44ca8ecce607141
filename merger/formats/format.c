#include "merger/formats/format.h"

#include "merger/formats/file_writers.h"
#include "merger/formats/profile_split.h"
#include "merger/text/text_writers.h"

static const struct format formats[] = {
	{ .name = "tree",
	  .suffixes = "",
	  .summary = "the call tree, for people",
	  .write = tree_text_write,
	  .write_diff = diff_tree_write },
	{ .name = "flat",
	  .suffixes = "",
	  .summary = "the functions with most self weight, for people",
	  .write = flat_text_write,
	  .write_diff = diff_flat_write },
	{ .name = "yaml",
	  .suffixes = ".yaml .yml",
	  .summary = "the whole profile, as `pmp show` reads it",
	  .write = yaml_profile_write,
	  .read = yaml_profile_read,
	  .detect = yaml_profile_detect },
	{ .name = "json",
	  .suffixes = ".json",
	  .summary = "the same as JSON, which `pmp show` reads, too",
	  .write = json_profile_write,
	  .write_diff = diff_json_write,
	  .read = yaml_profile_read,
	  .detect = yaml_profile_detect },
	{ .name = "collapsed",
	  .suffixes = ".folded .collapsed .txt",
	  .summary = "a line a stack, for flame graphs",
	  .write = collapsed_write,
	  .read = collapsed_read,
	  .detect = collapsed_detect },
	{ .name = "svg",
	  .suffixes = ".svg",
	  .summary = "a flame graph, for any browser",
	  .write = flame_graph_write,
	  .write_diff = diff_flame_graph_write },
	{ .name = "trace",
	  .suffixes = ".trace.json",
	  .summary = "Chrome trace events: each thread's stacks over the time",
	  .write = chrome_trace_write,
	  .timed = true },
	{ .name = "speedscope",
	  .suffixes = ".speedscope.json",
	  .summary = "for speedscope.app: a profile for each thread",
	  .write = speedscope_write },
	{ .name = "pprof",
	  .suffixes = ".pb.gz .pprof",
	  .summary = "for pprof: samples and CPU time, each frame with its line",
	  .write = pprof_write,
	  .binary = true },
	{ .name = "callgrind",
	  .suffixes = ".callgrind callgrind.out.*",
	  .summary = "for KCachegrind and callgrind_annotate",
	  .write = callgrind_write },
	{ .name = "timeline",
	  .suffixes = "",
	  .summary = "what changed when: a strip over the time for each function",
	  .write = timeline_text_write,
	  .timed = true },
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const struct format *format_at(size_t i)
{
	return i < FORMAT_COUNT ? &formats[i] : NULL;
}

static void append_word(char *text, size_t size, const char *glue, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len && word[0] ? glue : "", word);
}

void format_words(struct format_words *ret)
{
	*ret = (struct format_words){ { 0 }, { 0 }, { 0 } };
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		append_word(ret->names, sizeof(ret->names), "|", formats[i].name);
		append_word(ret->suffixes, sizeof(ret->suffixes), " ", formats[i].suffixes);
		if (formats[i].write_diff)
			append_word(ret->diffs, sizeof(ret->diffs), "|", formats[i].name);
	}
}

bool format_fits(const struct format *format, const struct profile *profile)
{
	return profile->timeline || !format->timed;
}

const struct format *format_by_name(struct span name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (span_eq(name, span_of(formats[i].name)))
			return &formats[i];
	return NULL;
}

/* How many bytes of the name match the suffix, or the prefix ("callgrind.out.*"); 0: no match. */
static size_t measure_match(struct span name, struct span suffix)
{
	struct span beginning = { suffix.ptr, suffix.len - 1 };

	if (span_ends(suffix, SPAN_LIT("*")))
		return span_starts(name, beginning) ? beginning.len : 0;
	return span_ends(name, suffix) ? suffix.len : 0;
}

/* The length of the longest matching suffix; 0: no match. */
static size_t measure_suffix(const struct format *format, struct span name)
{
	struct span rest = span_of(format->suffixes);
	size_t ret = 0;

	while (rest.len) {
		const char *blank = memchr(rest.ptr, ' ', rest.len);
		struct span suffix = { rest.ptr, blank ? (size_t)(blank - rest.ptr) : rest.len };
		size_t len = measure_match(name, suffix);

		if (len > ret)
			ret = len;
		rest = span_skip(rest, suffix.len + 1);
	}
	return ret;
}

const struct format *format_by_suffix(struct span file_name)
{
	struct span base = span_basename(file_name);
	const struct format *ret = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		size_t len = measure_suffix(&formats[i], base);

		if (len > longest) {
			longest = len;
			ret = &formats[i];
		}
	}
	return ret;
}

/* Concatenated profiles, which only `pmp merge` reads. */
static bool holds_several(struct span text)
{
	size_t seen = 0, len = yaml_profile_detect(text) ? profile_split(text, &seen) : 0;

	return len && yaml_profile_detect(span_skip(text, len));
}

struct profile *format_read(struct span text, const char *name, struct error *err)
{
	if (holds_several(text)) {
		error_set(err, ERROR_INPUT, "%s holds several profiles; pmp merge adds them up",
		          name);
		return NULL;
	}
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (formats[i].detect && formats[i].detect(text))
			return formats[i].read(text, name, err);
	error_set(err, ERROR_INPUT,
	          "%s:1: no profile that can be read: neither pmp's .yaml or .json nor collapsed "
	          "stacks; text of gdb's is for `pmp fold`",
	          name);
	return NULL;
}
