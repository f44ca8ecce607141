/* option_parser: reads the command line by the rows of option_table.h. */
#ifndef PMP_OPTION_PARSER_H
#define PMP_OPTION_PARSER_H

#include <stdbool.h>

#include "cli/options/options.h"

/* Parses argv[1..] for `command`. Strings are argv's.
 * false: *err is ERROR_USAGE. The caller frees with options_deinit in every case. */
bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *err);

#endif
