/* man_page: the man page, made from cli/help/pmp.1.in and the tables. In that file a line like
 * "@options" is replaced by the rows of a table. The lines from "@more option NAME" to "@end" are
 * printed after the text of that row. */
#ifndef PMP_MAN_PAGE_H
#define PMP_MAN_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct error;
struct options;

/* Prints it in the language of man(7). */
void man_page_print(FILE *out);

/* `pmp man`. Always true. */
bool cmd_man(const struct options *options, struct error *err);

#endif
