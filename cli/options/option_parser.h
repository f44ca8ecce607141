/* option_parser: parses the command line by the rows of option_table.h. */
#ifndef PMP_OPTION_PARSER_H
#define PMP_OPTION_PARSER_H

#include <stdbool.h>

#include "cli/options/options.h"

/* Parses argv[1..] for `command`. The strings in *options stay in argv, which must outlive it.
 * false: *err is ERROR_USAGE. The caller calls options_deinit in both cases. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *err);

#endif
