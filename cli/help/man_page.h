/* man_page: the man page, made of cli/help/pmp.1.in and the tables that it names: "@options" stands for all options,
 * and so on; below a row's text comes what "@more option NAME" to "@end" says of it. */
#ifndef PMP_MAN_PAGE_H
#define PMP_MAN_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct error;
struct options;

/* In the language of man(7). */
void man_page_print(FILE *out);

/* `pmp man`. */
bool cmd_man(const struct options *options, struct error *err);

#endif
