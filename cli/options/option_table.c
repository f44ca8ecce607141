#include "cli/options/option_table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "merger/formats/format.h"
#include "merger/profile/levels.h"
#include "merger/base/regex.h"
#include "cli/options/value_hint.h"
#include "merger/base/printable.h"

#define MEMBER(m) offsetof(struct options, m)

/* The member of *options that `row` fills. */
static void *find_member(struct options *options, const struct option_row *row)
{
	return (char *)options + row->member;
}

static bool parse_flag(struct options *options, const struct option_row *row, const char *typed,
                       const char *value, struct error *err)
{
	(void)typed, (void)value, (void)err;
	*(bool *)find_member(options, row) = true;
	return true;
}

static bool parse_path(struct options *options, const struct option_row *row, const char *typed,
                       const char *value, struct error *err)
{
	if (!value[0])
		return error_set(err, ERROR_USAGE, "%s: the name is empty; it wants a %s", typed,
		                 row->value_name);
	*(const char **)find_member(options, row) = value;
	return true;
}

/* Accepts digits only: no sign, no blank, no 0x. False if `text` is anything else or above `max`. */
static bool parse_digits(struct span text, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	if (!text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c < '0' || c > '9')
			return false;
		number = number * 10 + (uint64_t)(c - '0');
		if (number > max)
			return false;
	}
	*ret = number;
	return true;
}

/* Accepts digits with at most one point. strtod alone also accepts "inf", "nan", "0x1p3" and "1e9". */
static bool parse_decimal(const char *text, double *ret)
{
	char *end;

	if (!text[0] || text[strspn(text, "0123456789.")] || !text[strcspn(text, "0123456789")])
		return false;
	*ret = strtod(text, &end);
	return !*end && isfinite(*ret);
}

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* The limits of each number, by the member that takes it. */
static const struct number_row {
	size_t member;
	double min, max;
	const char *what, *wants; /* for the error message */
} numbers[] = {
	{ MEMBER(samples), 1, OPTIONS_SAMPLES_MAX, "number of samples",
	  "a whole number from 1 to " TEXT(OPTIONS_SAMPLES_MAX) },
	{ MEMBER(looks), 1, OPTIONS_SAMPLES_MAX, "number of looks", "1 or more" },
	{ MEMBER(filter.depth), 1, OPTIONS_DEPTH_MAX, "number of frames",
	  "1 to " TEXT(OPTIONS_DEPTH_MAX) },
	{ MEMBER(top), 1, OPTIONS_SAMPLES_MAX, "number of functions", "1 or more" },
	{ MEMBER(rate_hz), OPTIONS_RATE_MIN, OPTIONS_RATE_MAX, "rate",
	  "samples per second, from " TEXT(OPTIONS_RATE_MIN) " to " TEXT(OPTIONS_RATE_MAX) },
	{ MEMBER(seconds), DBL_TRUE_MIN, OPTIONS_SECONDS_MAX, "duration",
	  "seconds, more than 0 and at most " TEXT(OPTIONS_SECONDS_MAX) },
	{ MEMBER(interval), OPTIONS_INTERVAL_MIN, OPTIONS_SECONDS_MAX, "time from look to look",
	  "seconds, 0.01 at least" },
	{ MEMBER(min_percent), 0, 100, "percentage", "0 to 100" },
};

static const struct number_row *find_number_row(const struct option_row *row)
{
	const struct number_row *ret = numbers;

	while (ret->member != row->member)
		ret++;
	return ret;
}

static bool report_bad_number(const struct number_row *number, const char *typed, const char *value,
                              struct error *err)
{
	struct printable printable;

	return error_set(err, ERROR_USAGE, "%s: '%s' is no %s; it wants %s", typed,
	                 printable_name(&printable, value), number->what, number->wants);
}

/* Fills a uint64_t. */
static bool parse_count(struct options *options, const struct option_row *row, const char *typed,
                        const char *value, struct error *err)
{
	const struct number_row *number = find_number_row(row);
	uint64_t *to = find_member(options, row);

	return (parse_digits(span_of(value), (uint64_t)number->max, to) &&
	        *to >= (uint64_t)number->min) ||
	       report_bad_number(number, typed, value, err);
}

/* Fills a double. */
static bool parse_real(struct options *options, const struct option_row *row, const char *typed,
                       const char *value, struct error *err)
{
	const struct number_row *number = find_number_row(row);
	double *to = find_member(options, row);

	return (parse_decimal(value, to) && *to >= number->min && *to <= number->max) ||
	       report_bad_number(number, typed, value, err);
}

static void add_pid(struct options *options, uint32_t pid)
{
	for (size_t i = 0; i < options->pid_count; i++)
		if (options->pids[i] == pid)
			return;
	options->pids = alloc_grow(options->pids, &options->pid_cap, options->pid_count + 1,
	                           sizeof(*options->pids));
	options->pids[options->pid_count++] = pid;
}

static bool parse_pids(struct options *options, const struct option_row *row, const char *typed,
                       const char *value, struct error *err)
{
	struct printable printable;

	(void)row;
	for (const char *from = value;; from++) {
		size_t len = strcspn(from, ",");
		uint64_t pid;

		if (!parse_digits((struct span){ from, len }, OPTIONS_PID_MAX, &pid) || !pid)
			return error_set(
			        err, ERROR_USAGE,
			        "%s: '%s' is no process id; it wants a number from 1 to %d, or "
			        "several with commas between them",
			        typed, printable_name(&printable, value), OPTIONS_PID_MAX);
		add_pid(options, (uint32_t)pid);
		from += len;
		if (!*from)
			return true;
	}
}

/* Each option with a choice that fills an enum, by the member that takes it. */
static const struct choice_row {
	size_t member;
	const char *what; /* for the error message */
	unsigned first;   /* the enum's value for the first choice; the others follow in order */
} choices[] = {
	{ MEMBER(attach), "way to attach", ATTACH_ONCE },
	{ MEMBER(weight), "weight", WEIGHT_WALL },
	{ MEMBER(colours), "word for colours", COLOURS_AUTO },
};

/* Fills an enum, which GCC stores as unsigned int. */
static bool parse_choice(struct options *options, const struct option_row *row, const char *typed,
                         const char *value, struct error *err)
{
	const struct choice_row *choice = choices;
	size_t chosen;

	while (choice->member != row->member)
		choice++;
	if (!value_hint_choose(row->value_name, typed, choice->what, value, &chosen, err))
		return false;
	*(unsigned *)find_member(options, row) = choice->first + (unsigned)chosen;
	return true;
}

static bool parse_format(struct options *options, const struct option_row *row, const char *typed,
                         const char *value, struct error *err)
{
	size_t choice;

	if (!value_hint_choose(row->value_name, typed, "format", value, &choice, err))
		return false;
	options->format = format_at(choice);
	return true;
}

/* "3" and "+3.5" count seconds from the start of the run, "-2" from its end. */
static bool parse_edge(struct options *options, const struct option_row *row, const char *typed,
                       const char *value, struct error *err)
{
	struct time_window_edge *edge = find_member(options, row);
	bool from_end = value[0] == '-';
	struct printable printable;
	double seconds;

	if (!parse_decimal(value + (from_end || value[0] == '+'), &seconds) ||
	    seconds > OPTIONS_SECONDS_MAX)
		return error_set(err, ERROR_USAGE,
		                 "%s: '%s' is no time; it wants seconds after the start of the "
		                 "run (+3 or 3.5), or before its end (-2)",
		                 typed, printable_name(&printable, value));
	*edge = (struct time_window_edge){ true, from_end, (uint64_t)(seconds * 1e6 + 0.5) };
	return true;
}

/* Reports an invalid expression before the run, not after it. */
static bool parse_regex(struct options *options, const struct option_row *row, const char *typed,
                        const char *value, struct error *err)
{
	struct regex regex;
	bool ok = regex_init(&regex, value, typed, err);

	regex_deinit(&regex);
	return ok && parse_path(options, row, typed, value, err);
}

static bool parse_levels(struct options *options, const struct option_row *row, const char *typed,
                         const char *value, struct error *err)
{
	/* In the order of the words in --by's value name. */
	static const enum level_rank levels[] = { LEVEL_HOST, LEVEL_PROCESS, LEVEL_THREAD };
	char name[32];

	for (const char *from = value;; from++) {
		size_t len = strcspn(from, ","), chosen;

		snprintf(name, sizeof(name), "%.*s", (int)(len < 31 ? len : 31), from);
		if (!value_hint_choose(row->value_name, typed, "level of the tree", name, &chosen,
		                       err))
			return false;
		options->levels |= LEVEL_BIT(levels[chosen]);
		options->threads |= levels[chosen] == LEVEL_THREAD;
		from += len;
		if (!*from)
			return true;
	}
}

static const struct option_row rows[] = {
	{ 'p', "pid", "PID[,PID...]", "the processes; may be given again",
	  COMMAND_RECORD | COMMAND_TOP | COMMAND_DUMP, parse_pids, 0 },
	{ 'n', "samples", "SAMPLES",
	  "samples of each process (200; with -d alone as\nmany as fit; run: as many as its life "
	  "gives;\ntop: as many as you wait for)",
	  COMMAND_LIVE, parse_count, MEMBER(samples) },
	{ 'r', "rate", "HZ", "samples a second (10)", COMMAND_LIVE, parse_real, MEMBER(rate_hz) },
	{ 'd', "duration", "SECONDS", "end after so long; with -n too, what comes first",
	  COMMAND_LIVE, parse_real, MEMBER(seconds) },
	{ 0, "children", NULL, "the processes and all their descendants",
	  COMMAND_LIVE | COMMAND_DUMP, parse_flag, MEMBER(children) },
	{ 0, "attach", "once|each|plain",
	  "once (default): attach, then stop, look and resume\n"
	  "for each sample; each: attach and let go for each;\n"
	  "plain: a whole gdb for each, which needs no Python",
	  COMMAND_LIVE, parse_choice, MEMBER(attach) },
	{ 0, "instant", NULL,
	  "stop all threads at once for each sample: by default\n"
	  "those that sleep are looked at without a stop",
	  COMMAND_LIVE, parse_flag, MEMBER(instant) },
	{ 0, "save-raw", "FILE", "keep what the gdbs say, as `pmp fold` and `pmp dump`\nread it",
	  COMMAND_RECORD | COMMAND_RUN | COMMAND_DUMP, parse_path, MEMBER(save_raw) },
	{ 0, "gdb", "PATH", "which gdb (default: gdb on PATH)", COMMAND_LIVE | COMMAND_DUMP,
	  parse_path, MEMBER(gdb) },

	{ 0, "core", "CORE",
	  "a core file, in place of a process; a word behind it\nis taken for its program",
	  COMMAND_DUMP, parse_path, MEMBER(core) },
	{ 0, "locals", NULL, "arguments and locals of Python frames, read as data", COMMAND_DUMP,
	  parse_flag, MEMBER(locals) },
	{ 0, "interval", "SECONDS", "look again after so long: does it move?", COMMAND_DUMP,
	  parse_real, MEMBER(interval) },
	{ 0, "looks", "N", "how often to look (5 with --interval, else 1)", COMMAND_DUMP,
	  parse_count, MEMBER(looks) },
	{ 0, "largest-first", NULL, "the largest group of equal stacks first, not last",
	  COMMAND_DUMP, parse_flag, MEMBER(largest_first) },
	{ 0, "json", NULL, "the report as JSON", COMMAND_DUMP, parse_flag, MEMBER(json) },

	{ 0, "by", "host|pid|thread",
	  "put that level on top of the tree, if it has none;\n"
	  "several with commas between them",
	  COMMAND_MERGE, parse_levels, 0 },
	{ 't', "threads", NULL, "the first level of the tree is the thread", COMMAND_ALL,
	  parse_flag, MEMBER(threads) },
	{ 0, "lines", NULL, "tell nodes apart by line, not only by function", COMMAND_ALL,
	  parse_flag, MEMBER(lines) },
	{ 0, "glue", NULL, "show the interpreter's own frames too",
	  COMMAND_LIVE | COMMAND_FOLD | COMMAND_DUMP, parse_flag, MEMBER(glue) },

	{ 0, "no-timeline", NULL, "do not keep when each stack was there",
	  COMMAND_LIVE | COMMAND_FOLD, parse_flag, MEMBER(no_timeline) },

	{ 0, "from", "SECONDS",
	  "only samples from that time on: so long after the\n"
	  "start of the run (+3), or before its end (-3)",
	  COMMAND_ALL, parse_edge, MEMBER(window.from) },
	{ 0, "to", "SECONDS", "only samples before that time", COMMAND_ALL, parse_edge,
	  MEMBER(window.to) },
	{ 0, "weight", "wall|cpu",
	  "what a stack weighs: 1 a sample (wall), or its\n"
	  "thread's CPU time since the sample before, in us",
	  COMMAND_ALL, parse_choice, MEMBER(weight) },
	{ 0, "running", NULL, "only threads that were on a CPU, or waited for one", COMMAND_ALL,
	  parse_flag, MEMBER(window.running) },
	{ 0, "thread", "THREAD", "only threads of that number, or whose name matches", COMMAND_ALL,
	  parse_regex, MEMBER(filter.thread) },
	{ 0, "focus", "REGEX",
	  "only stacks with a function, file or module that\n"
	  "matches: what calls it, and what it calls",
	  COMMAND_ALL, parse_regex, MEMBER(filter.focus) },
	{ 0, "hide", "REGEX", "without the frames that match: their callers call\nwhat they call",
	  COMMAND_ALL, parse_regex, MEMBER(filter.hide) },
	{ 0, "fold-library", NULL,
	  "one line for the frames of installed and standard\n"
	  "libraries that call each other",
	  COMMAND_ALL, parse_flag, MEMBER(filter.fold_library) },
	{ 0, "invert", NULL, "the other end up: what ran, and below it its callers", COMMAND_ALL,
	  parse_flag, MEMBER(filter.invert) },
	{ 0, "depth", "N", "at most N frames of each stack", COMMAND_ALL, parse_count,
	  MEMBER(filter.depth) },
	{ 0, "min", "PERCENT", "leave out of the tree what has less (1)", COMMAND_ALL, parse_real,
	  MEMBER(min_percent) },
	{ 0, "all", NULL, "leave out nothing: no --min, no --fold-library", COMMAND_ALL, parse_flag,
	  MEMBER(all) },
	{ 0, "top", "N",
	  "the N functions with most self weight, as a table\n"
	  "(that is -f flat, with N rows)",
	  COMMAND_ALL, parse_count, MEMBER(top) },
	{ 0, "ci", NULL,
	  "each percentage of the tree and of the table with\n"
	  "the 95 % interval in which it lies",
	  COMMAND_ALL, parse_flag, MEMBER(intervals) },
	{ 'o', "output", "FILE",
	  "write FILE in the format of its suffix or of -f, and\n"
	  "the tree to stdout; `-o -`: to stdout alone\n"
	  "(dump: its report, and nothing to stdout; top: at\nits end)",
	  COMMAND_ANY, parse_path, MEMBER(output) },
	{ 'f', "format", "FORMAT", "the format (default: tree; diff: flat)",
	  COMMAND_ALL | COMMAND_TOP, parse_format, 0 },
	{ 0, "full-paths", NULL, "whole paths in labels", COMMAND_ANY, parse_flag,
	  MEMBER(full_paths) },
	{ 'q', "quiet", NULL, "no progress and no remarks, and no tree if there is\n-o FILE",
	  COMMAND_ANY, parse_flag, MEMBER(quiet) },
	{ 0, "color", "auto|always|never", "colours: on a terminal (auto), always, or never",
	  COMMAND_ANY, parse_choice, MEMBER(colours) },
	{ 0, "no-pager", NULL, "no pager for what is longer than the terminal", COMMAND_ANY,
	  parse_flag, MEMBER(no_pager) },
	{ 'h', "help", NULL, "what there is; behind a command: what it takes", COMMAND_EVERY,
	  parse_flag, MEMBER(help) },
	{ 'V', "version", NULL, "the versions of pmp, of gdb and of gdb's Python", COMMAND_EVERY,
	  parse_flag, MEMBER(version) },
};

const struct option_row *option_table_at(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

unsigned option_table_group(size_t i)
{
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		size_t before = 0;

		while (rows[before].commands != rows[k].commands)
			before++;
		if (before == k && !i--)
			return rows[k].commands;
	}
	return 0;
}
