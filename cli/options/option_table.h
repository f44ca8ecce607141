/* option_table: what options there are, a row each, and how each one's value is read. */
#ifndef PMP_OPTION_TABLE_H
#define PMP_OPTION_TABLE_H

#include "cli/options/options.h"

struct option_row {
	char letter;      /* 0: none */
	const char *name; /* without "--" */
	/* Its name in --help, which also says what it is (value_hint.h); NULL: it takes no value. */
	const char *argument;
	const char *help;  /* lines are broken at '\n', and where they are too long */
	unsigned commands; /* who takes it: enum command_bit */
	/* Puts the value (NULL where it takes none) where it belongs; `shown` is the option as it
	 * was given ("-n", "--samples"). What is wrong with a value is ERROR_USAGE, with what is wanted. */
	bool (*parse)(struct options *options, const struct option_row *row, const char *shown,
	              const char *value, struct error *err);
	size_t member; /* offset in struct options, for the parsers that serve several rows */
};

/* The i-th row, NULL behind the last. */
const struct option_row *option_table_at(size_t i);
/* For lists by who takes what: the i-th set of commands that a row has, each once; 0 behind the last. */
unsigned option_table_group(size_t i);

#endif
