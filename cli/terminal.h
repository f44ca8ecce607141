/* terminal: what the terminal behind a stream can do. */
#ifndef PMP_TERMINAL_H
#define PMP_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *file);
/* Its columns: as the terminal says, else $COLUMNS, else 80; 0 where it is no terminal. */
unsigned terminal_width(FILE *file);
/* A terminal, NO_COLOR is not set (https://no-color.org: not empty), and TERM is neither unset nor
 * dumb. */
bool terminal_colour(FILE *file);
/* The locale's characters are UTF-8, by LC_ALL, LC_CTYPE, LANG in this order. Not setlocale: a static
 * program has no locales to load. */
bool terminal_utf8(void);

#endif
