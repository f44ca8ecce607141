/* command_table: pmp's commands, a row each. */
#ifndef PMP_COMMAND_TABLE_H
#define PMP_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/error.h"

struct buf;
struct options;

/* Which commands take an option (a set of these bits in its row). */
enum command_bit {
	COMMAND_RECORD = 1,
	COMMAND_FOLD = 2,
	COMMAND_SHOW = 4,
	COMMAND_DUMP = 8,
	COMMAND_RUN = 16,
	COMMAND_TOP = 32,
	COMMAND_MERGE = 64,
	COMMAND_DIFF = 128,
	COMMAND_LIVE = COMMAND_RECORD | COMMAND_RUN | COMMAND_TOP, /* that sample processes */
	COMMAND_ONE = COMMAND_RECORD | COMMAND_RUN | COMMAND_FOLD | COMMAND_SHOW |
	              COMMAND_MERGE,              /* that print a profile */
	COMMAND_ALL = COMMAND_ONE | COMMAND_DIFF, /* that look at profiles */
	COMMAND_ANY = COMMAND_ALL | COMMAND_TOP | COMMAND_DUMP,
	COMMAND_TOOL = 1 << 16, /* that look at nothing: help and the like */
	COMMAND_EVERY = COMMAND_ANY | COMMAND_TOOL,
};

#define COMMAND_EXAMPLES 4

struct command {
	const char *name;
	const char *usage;   /* what follows "pmp " in the usage line */
	const char *summary; /* one line */
	/* What it does, for its help and the man page, which break the lines; `x` is something typed. */
	const char *text;
	struct command_example {
		const char *what, *line; /* the line as typed: with "pmp" */
	} examples[COMMAND_EXAMPLES];
	/* What its words that are not options are, as an option's argument is named (value_hint.h). */
	const char *operand;
	unsigned bit; /* which rows of the option table it takes: enum command_bit */
	/* How many words that are not options it takes. */
	size_t min_operands, max_operands;
	bool rest; /* the first of them ends the options: the others are its own, whatever they look like */
	const char *needs; /* what is missing, and how to give it, where there are too few */
	/* The exit code is err's: ERROR_NONE is 0. An error is printed by command_main. */
	bool (*run)(const struct options *options, struct error *err);
};

bool cmd_record(const struct options *options, struct error *err);
bool cmd_top(const struct options *options, struct error *err);
bool cmd_fold(const struct options *options, struct error *err);
bool cmd_show(const struct options *options, struct error *err);
bool cmd_diff(const struct options *options, struct error *err);
bool cmd_merge(const struct options *options, struct error *err);
bool cmd_dump(const struct options *options, struct error *err);
bool cmd_man(const struct options *options, struct error *err);
bool cmd_completion(const struct options *options, struct error *err);
bool cmd_help(const struct options *options, struct error *err);

/* The row with this name, NULL if there is none; i-th row, NULL behind the last.
 * The first row is what runs where the command line names none. */
const struct command *command_by_name(const char *name);
const struct command *command_at(size_t i);

/* "record, fold and show": the commands with one of these bits; "every command" for COMMAND_EVERY. */
void command_list(unsigned bits, struct buf *ret);

/* All of pmp: returns the exit code. */
int command_main(int argc, char **argv);

#endif
