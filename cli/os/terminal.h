/* terminal: what the terminal behind a stream can do. */
#ifndef PMP_TERMINAL_H
#define PMP_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *file);
/* Its columns: as the terminal says, else $COLUMNS, else 80; 0 where it is no terminal. */
unsigned terminal_width(FILE *file);
/* The same of its lines: $LINES, 24. */
unsigned terminal_height(FILE *file);
/* TERM is unset or dumb. */
bool terminal_dumb(void);

enum terminal_colours { COLOURS_AUTO, COLOURS_ALWAYS, COLOURS_NEVER };

/* What terminal_colour says from now on. */
void terminal_set_colours(enum terminal_colours colours);
/* By itself: no if NO_COLOR is set (https://no-color.org: not empty), yes if CLICOLOR_FORCE is (not empty, not 0:
 * https://bixense.com/clicolors), else whether it is a terminal that is not dumb. */
bool terminal_colour(FILE *file);
/* The locale's characters are UTF-8, by LC_ALL, LC_CTYPE, LANG in this order. Not setlocale: a static
 * program has no locales to load. */
bool terminal_utf8(void);

#endif
