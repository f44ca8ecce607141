/* options: the values of the command line. option_parser.h fills them. */
#ifndef PMP_OPTIONS_H
#define PMP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/gdb/attach_mode.h"
#include "cli/options/command_table.h"
#include "cli/os/terminal.h"
#include "merger/build/profile_builder.h"
#include "merger/transform/profile_filter.h"
#include "merger/transform/time_window.h"

struct format;

#define OPTIONS_SAMPLES_DEFAULT 200
#define OPTIONS_RATE_DEFAULT 10
/* Limits: values beyond them are typing errors. */
#define OPTIONS_SAMPLES_MAX 10000000
#define OPTIONS_RATE_MAX 1000
#define OPTIONS_RATE_MIN 0.001
#define OPTIONS_SECONDS_MAX 31536000
#define OPTIONS_DEPTH_MAX 1000000
#define OPTIONS_INTERVAL_MIN 0.01
#define OPTIONS_LOOKS_DEFAULT 5 /* with --interval */
/* The kernel's limit: PID_MAX_LIMIT in include/linux/threads.h. */
#define OPTIONS_PID_MAX 4194304

struct options {
	const struct command *command;
	/* the processes and their samples */
	const char *const *program; /* the program to start, and its words; NULL: live processes */
	uint32_t *pids;             /* no duplicates */
	size_t pid_count, pid_cap;
	bool children;    /* include all descendants */
	bool instant;     /* stop all threads of a process at once */
	uint64_t samples; /* -n; 0: unlimited */
	double rate_hz;   /* -r */
	double seconds;   /* -d; 0: unlimited. With -n as well, the first limit ends the run. */
	enum attach_mode attach;
	const char *gdb;      /* --gdb; NULL: "gdb" on PATH */
	const char *save_raw; /* --save-raw; NULL: none */
	/* the output */
	const char *output;            /* -o; NULL: none */
	const struct format *format;   /* -f; NULL: by -o's suffix, tree on stdout */
	bool no_pager;                 /* --no-pager */
	enum terminal_colours colours; /* --color */
	bool threads, lines, glue, full_paths, quiet;
	bool no_timeline;
	struct time_window window;    /* --from, --to, --running; its weight is not set */
	struct profile_filter filter; /* --focus, --hide, ...; its lines and threads are not set */
	double min_percent;           /* --min; -1: the format's default */
	bool all;                     /* leave out nothing */
	bool sleepers;                /* --sleepers */
	bool intervals;               /* --ci */
	uint64_t top;                 /* rows of the table of functions; 0: no --top */
	unsigned levels;              /* merge --by: LEVEL_BITs */
	/* --weight; as is: the weight that the profile has */
	enum { WEIGHT_AS_IS, WEIGHT_WALL, WEIGHT_CPU } weight;
	/* pmp dump */
	const char *core; /* --core; NULL: none */
	bool locals, json, largest_first;
	double interval;    /* seconds between two snapshots; 0: a single snapshot */
	uint64_t looks;     /* number of snapshots */
	bool help, version; /* if one is set, the other options are not checked */
	/* The words that are not options: files; or a program and its words, then NULL. */
	const char **operands;
	size_t operand_count, operand_cap;
};

void options_deinit(struct options *options);

/* The options for building a profile from gdb's text. */
struct profile_builder_options options_builder(const struct options *options);

#endif
