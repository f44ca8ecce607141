/* command: pmp's commands, a row each. */
#ifndef PMP_COMMAND_H
#define PMP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "../merger/error.h"

struct options;

struct command {
	const char *name;
	const char *operands; /* for the usage line: "[FILE...]", "" */
	const char *summary;
	unsigned bit; /* which rows of the option table it takes */
	/* The exit code is err's: ERROR_NONE is 0. An error is printed by main. */
	bool (*run)(const struct options *options, struct error *err);
};

bool cmd_record(const struct options *options, struct error *err);
bool cmd_fold(const struct options *options, struct error *err);
bool cmd_show(const struct options *options, struct error *err);

/* The row with this name, NULL if there is none; i-th row, NULL behind the last. */
const struct command *command_by_name(const char *name);
const struct command *command_at(size_t i);

#endif
