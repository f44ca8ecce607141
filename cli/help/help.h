/* help: --help, made from the tables of commands, options, formats and exit codes. */
#ifndef PMP_HELP_H
#define PMP_HELP_H

#include <stdbool.h>
#include <stdio.h>

struct command;
struct error;
struct options;

/* All about one command; NULL: a survey of all. */
void help_print(const struct command *command, FILE *out);

/* `pmp help`. */
bool cmd_help(const struct options *options, struct error *err);

#endif
