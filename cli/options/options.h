/* options: what the command line asks for. option_parser.h fills it. */
#ifndef PMP_OPTIONS_H
#define PMP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options/command_table.h"
#include "cli/os/terminal.h"
#include "cli/gdb/attach_mode.h"
#include "merger/build/profile_builder.h"
#include "merger/transform/profile_filter.h"
#include "merger/transform/time_window.h"

struct format;

#define OPTIONS_SAMPLES_DEFAULT 200
#define OPTIONS_RATE_DEFAULT 10
/* What no one means. */
#define OPTIONS_SAMPLES_MAX 10000000
#define OPTIONS_RATE_MAX 1000
#define OPTIONS_RATE_MIN 0.001
#define OPTIONS_SECONDS_MAX 31536000
#define OPTIONS_DEPTH_MAX 1000000
#define OPTIONS_INTERVAL_MIN 0.01
#define OPTIONS_LOOKS_DEFAULT 5 /* with an interval */
#define OPTIONS_PID_MAX                                                                            \
	4194304 /* the kernel's own limit, PID_MAX_LIMIT in include/linux/threads.h */

struct options {
	const struct command *command;
	/* what to sample */
	const char *const *program; /* that pmp is to run; NULL: processes that are there */
	uint32_t *pids;             /* each once */
	size_t pid_count, pid_cap;
	bool children;    /* and their descendants */
	bool instant;     /* all threads of a process are stopped at once */
	uint64_t samples; /* -n; 0: as many as -d gives */
	double rate_hz;   /* -r */
	double seconds;   /* -d; 0: as long as -n takes; with both, what ends first */
	enum attach_mode attach;
	const char *gdb;      /* --gdb; NULL: "gdb" on PATH */
	const char *save_raw; /* --save-raw; NULL: none */
	/* what to make of it */
	const char *output;            /* -o; NULL: none */
	const struct format *format;   /* -f; NULL: tree on stdout, or what -o's suffix says */
	bool no_pager;                 /* --no-pager */
	enum terminal_colours colours; /* --color */
	bool threads, lines, glue, full_paths, quiet;
	bool no_timeline;
	struct time_window window;  /* --from, --to, --running; not its weight */
	struct profile_filter view; /* --focus, --hide, --thread, ...; not lines and threads */
	double min_percent;         /* --min; -1: as the format likes it */
	bool all;                   /* nothing is folded */
	bool intervals;             /* --ci */
	uint64_t top;               /* rows of the table of functions; 0: not asked for */
	unsigned levels;            /* merge --by: LEVEL_BITs */
	enum { WEIGHT_AS_IS, WEIGHT_WALL, WEIGHT_CPU } weight; /* --weight */
	/* pmp dump */
	const char *core; /* --core; NULL: none */
	bool locals, json, largest_first;
	double interval;    /* seconds from look to look; 0: one look */
	uint64_t looks;     /* 0: not told */
	bool help, version; /* asked for: nothing else is checked then */
	/* the words that are not options: files; or a program and its words, which end in NULL */
	const char **operands;
	size_t operand_count, operand_cap;
};

void options_deinit(struct options *options);

/* How a profile is built of what gdb says. */
struct profile_builder_options options_builder(const struct options *options);

#endif
