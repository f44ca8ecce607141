/* help: --help, made from the tables of commands, options and formats. */
#ifndef PMP_HELP_H
#define PMP_HELP_H

#include <stdio.h>

#include "command.h"

/* The first command's text is about all of them; another's is about itself. */
void help_print(const struct command *command, FILE *out);

#endif
