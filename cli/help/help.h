/* help: prints --help from the tables of commands, options, formats and exit codes. */
#ifndef PMP_HELP_H
#define PMP_HELP_H

#include <stdbool.h>
#include <stdio.h>

struct command;
struct error;
struct options;

/* The help of one command; NULL: the list of all commands and options. */
void help_print(const struct command *command, FILE *out);

/* `pmp help`. false: *err, whose code is the exit code. */
bool cmd_help(const struct options *options, struct error *err);

#endif
