#include "cli/options/option_table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options/value_hint.h"
#include "merger/base/alloc.h"
#include "merger/base/printable.h"
#include "merger/base/regex.h"
#include "merger/formats/format.h"
#include "merger/profile/levels.h"

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

/* Accepts digits only, no sign, blank or 0x; false otherwise, and for a number above `max`. */
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

/* Accepts digits with at most one point. strtod alone accepts "inf", "nan", "0x1p3", "1e9" too. */
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
	{ MEMBER(attach), "way to attach", ATTACH_SEIZE },
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

/* "once" and "each" are names that older versions had for what is "seize" now. */
static bool parse_attach(struct options *options, const struct option_row *row, const char *typed,
                         const char *value, struct error *err)
{
	bool is_old = !strcmp(value, "once") || !strcmp(value, "each");

	return parse_choice(options, row, typed, is_old ? "seize" : value, err);
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
	{ 'p', "pid", "PID[,PID...]", "the processes; the option can be repeated",
	  COMMAND_RECORD | COMMAND_TOP | COMMAND_DUMP, parse_pids, 0 },
	{ 'n', "samples", "SAMPLES",
	  "number of samples per process (default 200;\n"
	  "unlimited with -d alone, and for run and top)",
	  COMMAND_LIVE, parse_count, MEMBER(samples) },
	{ 'r', "rate", "HZ", "samples per second (default 10)", COMMAND_LIVE, parse_real,
	  MEMBER(rate_hz) },
	{ 'd', "duration", "SECONDS",
	  "end after this time; with -n as well, at the limit\nthat is reached first", COMMAND_LIVE,
	  parse_real, MEMBER(seconds) },
	{ 0, "children", NULL, "include all descendants of the processes",
	  COMMAND_LIVE | COMMAND_DUMP, parse_flag, MEMBER(children) },
	{ 0, "attach", "seize|plain",
	  "seize (default): trace a thread for the moment in\n"
	  "which its stack is read; plain: gdb alone attaches,\n"
	  "prints all stacks and detaches, which needs no\n"
	  "Python in gdb",
	  COMMAND_LIVE, parse_attach, MEMBER(attach) },
	{ 0, "instant", NULL,
	  "stop all threads at once for each sample (default:\n"
	  "one after the other, and those that sleep not at all)",
	  COMMAND_LIVE, parse_flag, MEMBER(instant) },
	{ 0, "save-raw", "FILE", "save gdb's output, as input for `pmp fold` and\n`pmp dump`",
	  COMMAND_RECORD | COMMAND_RUN | COMMAND_DUMP, parse_path, MEMBER(save_raw) },
	{ 0, "gdb", "PATH", "the gdb to use (default: gdb on PATH)", COMMAND_LIVE | COMMAND_DUMP,
	  parse_path, MEMBER(gdb) },

	{ 0, "core", "CORE",
	  "read a core file instead of a process; PROGRAM\n"
	  "replaces the executable that the core file names",
	  COMMAND_DUMP, parse_path, MEMBER(core) },
	{ 0, "locals", NULL, "show arguments and local variables of Python frames", COMMAND_DUMP,
	  parse_flag, MEMBER(locals) },
	{ 0, "interval", "SECONDS",
	  "take several snapshots, with this time between\n"
	  "them, to show which threads make progress",
	  COMMAND_DUMP, parse_real, MEMBER(interval) },
	{ 0, "looks", "N", "number of snapshots (default 1; 5 with --interval)", COMMAND_DUMP,
	  parse_count, MEMBER(looks) },
	{ 0, "largest-first", NULL,
	  "print the largest group of equal stacks first\n(default: last)", COMMAND_DUMP,
	  parse_flag, MEMBER(largest_first) },
	{ 0, "json", NULL, "print the report as JSON", COMMAND_DUMP, parse_flag, MEMBER(json) },

	{ 0, "by", "host|pid|thread",
	  "add this level at the top of the tree if the tree\n"
	  "does not have it; separate several by commas",
	  COMMAND_MERGE, parse_levels, 0 },
	{ 't', "threads", NULL, "the first level of the tree is the thread", COMMAND_ALL,
	  parse_flag, MEMBER(threads) },
	{ 0, "lines", NULL, "separate nodes by source line, not only by function", COMMAND_ALL,
	  parse_flag, MEMBER(lines) },
	{ 0, "glue", NULL, "also show the interpreter's own frames",
	  COMMAND_LIVE | COMMAND_FOLD | COMMAND_DUMP, parse_flag, MEMBER(glue) },

	{ 0, "no-timeline", NULL, "do not store the time of each stack",
	  COMMAND_LIVE | COMMAND_FOLD, parse_flag, MEMBER(no_timeline) },

	{ 0, "from", "SECONDS",
	  "use only samples from this time on: seconds after\n"
	  "the start of the run (+3) or before its end (-3)",
	  COMMAND_ALL, parse_edge, MEMBER(window.from) },
	{ 0, "to", "SECONDS", "use only samples before this time", COMMAND_ALL, parse_edge,
	  MEMBER(window.to) },
	{ 0, "weight", "wall|cpu",
	  "count samples (wall, default) or microseconds of\nCPU time (cpu)", COMMAND_ALL,
	  parse_choice, MEMBER(weight) },
	{ 0, "running", NULL, "use only threads that ran or waited for a CPU", COMMAND_ALL,
	  parse_flag, MEMBER(window.running) },
	{ 0, "sleepers", NULL,
	  "also show threads that slept while others ran, in the\ntree and the table", COMMAND_ALL,
	  parse_flag, MEMBER(sleepers) },
	{ 0, "thread", "THREAD", "use only threads with this number or a matching name",
	  COMMAND_ALL, parse_regex, MEMBER(filter.thread) },
	{ 0, "focus", "REGEX",
	  "use only stacks with a matching function, file or\n"
	  "module; show its callers and what it calls",
	  COMMAND_ALL, parse_regex, MEMBER(filter.focus) },
	{ 0, "hide", "REGEX", "remove matching frames; their callers then call\nwhat they called",
	  COMMAND_ALL, parse_regex, MEMBER(filter.hide) },
	{ 0, "fold-library", NULL,
	  "show frames of installed and standard libraries\n"
	  "that call each other as one line",
	  COMMAND_ALL, parse_flag, MEMBER(filter.fold_library) },
	{ 0, "invert", NULL, "invert the tree: leaf functions first, callers below", COMMAND_ALL,
	  parse_flag, MEMBER(filter.invert) },
	{ 0, "depth", "N", "show at most N frames of each stack", COMMAND_ALL, parse_count,
	  MEMBER(filter.depth) },
	{ 0, "min", "PERCENT", "hide nodes of the tree below this share (default 1)", COMMAND_ALL,
	  parse_real, MEMBER(min_percent) },
	{ 0, "all", NULL,
	  "hide nothing: no --min, no --fold-library; with\n--sleepers, each frame of a recursion, "
	  "and (dump)\n"
	  "each stack of a long report",
	  COMMAND_ALL | COMMAND_DUMP, parse_flag, MEMBER(all) },
	{ 0, "top", "N",
	  "show a table of the N functions with the most self\nweight (-f flat, with N rows)",
	  COMMAND_ALL, parse_count, MEMBER(top) },
	{ 0, "ci", NULL,
	  "add a 95 % confidence interval to each percentage\nof the tree and of the table",
	  COMMAND_ALL, parse_flag, MEMBER(intervals) },
	{ 'o', "output", "FILE",
	  "write FILE in the format of -f or of its suffix, and\n"
	  "print the tree; `-o -`: print to stdout only (dump:\n"
	  "write the report, print nothing; top: write at the\n"
	  "end)",
	  COMMAND_ANY, parse_path, MEMBER(output) },
	{ 'f', "format", "FORMAT", "output format (default: tree; diff: flat)",
	  COMMAND_ALL | COMMAND_TOP, parse_format, 0 },
	{ 0, "full-paths", NULL, "show whole paths in labels", COMMAND_ANY, parse_flag,
	  MEMBER(full_paths) },
	{ 'q', "quiet", NULL, "print no progress and no notes; with -o FILE also no\ntree",
	  COMMAND_ANY, parse_flag, MEMBER(quiet) },
	{ 0, "color", "auto|always|never",
	  "use colours: on a terminal (auto, default), always,\nor never", COMMAND_ANY,
	  parse_choice, MEMBER(colours) },
	{ 0, "no-pager", NULL, "do not use a pager for long output", COMMAND_ANY, parse_flag,
	  MEMBER(no_pager) },
	{ 'h', "help", NULL, "show help; after a command, the help of that command", COMMAND_EVERY,
	  parse_flag, MEMBER(help) },
	{ 'V', "version", NULL, "show the versions of pmp, gdb and gdb's Python", COMMAND_EVERY,
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
