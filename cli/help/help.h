/* help: --help, made from the tables of commands, options, formats and exit codes. */
#ifndef PMP_HELP_H
#define PMP_HELP_H

#include <stdio.h>

#include "cli/options/command_table.h"

/* All about one command; NULL: a survey of all. */
void help_print(const struct command *command, FILE *out);

#endif
