/* command_table: pmp's commands, a row each. It is data only; cli/main.c runs the commands. */
#ifndef PMP_COMMAND_TABLE_H
#define PMP_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* The rows of the table, in its order. cli/main.c has the function of each. */
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

/* A set of these bits in an option's row: the commands that take the option. */
enum command_bit {
	COMMAND_RECORD = 1,
	COMMAND_FOLD = 2,
	COMMAND_SHOW = 4,
	COMMAND_DUMP = 8,
	COMMAND_RUN = 16,
	COMMAND_TOP = 32,
	COMMAND_MERGE = 64,
	COMMAND_DIFF = 128,
	/* the commands that sample processes */
	COMMAND_LIVE = COMMAND_RECORD | COMMAND_RUN | COMMAND_TOP,
	/* the commands that print one profile */
	COMMAND_ONE = COMMAND_RECORD | COMMAND_RUN | COMMAND_FOLD | COMMAND_SHOW | COMMAND_MERGE,
	/* the commands that print profiles */
	COMMAND_ALL = COMMAND_ONE | COMMAND_DIFF,
	/* the commands that read stacks or profiles */
	COMMAND_ANY = COMMAND_ALL | COMMAND_TOP | COMMAND_DUMP,
	/* the other commands: help, completion, man */
	COMMAND_TOOL = 1 << 16,
	COMMAND_EVERY = COMMAND_ANY | COMMAND_TOOL,
};

#define COMMAND_EXAMPLES 4

struct command {
	const char *name;
	const char *usage;   /* the usage line after "pmp " */
	const char *summary; /* one line */
	/* The description in its help and in the man page, which wrap it. `x` marks typed text. */
	const char *text;
	struct command_example {
		const char *what, *line; /* a title; the line to type, with "pmp" */
	} examples[COMMAND_EXAMPLES];
	/* The name of its operands (the words that are not options), which gives their kind
	 * (value_hint.h); NULL: it takes none. */
	const char *operand;
	unsigned bit; /* this command in the sets of the option table: enum command_bit */
	size_t min_operands, max_operands;
	bool rest; /* all words after the first operand are operands, even if they begin with '-' */
	const char *needs; /* the error message for too few operands */
};

/* The row with this name, NULL if there is none; the i-th row, NULL after the last.
 * The first row is the default command. */
const struct command *command_by_name(const char *name);
const struct command *command_at(size_t i);

enum command_id command_id(const struct command *command);

/* Appends "record, fold and show": the commands with one of these bits; "every command" for
 * COMMAND_EVERY. */
void command_list(unsigned bits, struct buf *ret);

#endif
