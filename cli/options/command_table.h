/* command_table: pmp's commands, a row each: data only, cli/main.c runs them. */
#ifndef PMP_COMMAND_TABLE_H
#define PMP_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* The rows of the table, in its order. cli/main.c has the function that runs each one. */
enum command_id {
	COMMAND_ID_RECORD,
	COMMAND_ID_RUN,
	COMMAND_ID_TOP,
	COMMAND_ID_DUMP,
	COMMAND_ID_FOLD,
	COMMAND_ID_SHOW,
	COMMAND_ID_MERGE,
	COMMAND_ID_DIFF,
	COMMAND_ID_HELP,
	COMMAND_ID_COMPLETION,
	COMMAND_ID_MAN,
	COMMAND_COUNT
};

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
};

/* The row with this name, NULL if there is none; i-th row, NULL behind the last.
 * The first row is what runs where the command line names none. */
const struct command *command_by_name(const char *name);
const struct command *command_at(size_t i);

enum command_id command_id(const struct command *command);

/* "record, fold and show": the commands with one of these bits; "every command" for COMMAND_EVERY. */
void command_list(unsigned bits, struct buf *ret);

#endif
