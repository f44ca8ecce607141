/* option_table: pmp's options, a row each, and the functions that parse their values. */
#ifndef PMP_OPTION_TABLE_H
#define PMP_OPTION_TABLE_H

#include "cli/options/options.h"

struct option_row {
	char letter;      /* 0: none */
	const char *name; /* without "--" */
	/* The value's name in --help, which also gives its kind (value_hint.h); NULL: no value. */
	const char *value_name;
	const char *help;  /* no point at its end; --help wraps it, and breaks it at '\n' */
	unsigned commands; /* the commands that take it: enum command_bit */
	/* Stores the value (NULL if the option takes none) in *options. `typed` is the option as
	 * the user typed it ("-n", "--samples"). false: *err is ERROR_USAGE and names the valid
	 * values. */
	bool (*parse)(struct options *options, const struct option_row *row, const char *typed,
	              const char *value, struct error *err);
	size_t member; /* offset in struct options, for parsers that serve several rows */
};

/* The i-th row, NULL after the last. */
const struct option_row *option_table_at(size_t i);
/* The i-th distinct set of commands in the table (--help groups the options by it); 0 after the
 * last. */
unsigned option_table_group(size_t i);

#endif
