/* terminal: properties of the terminal that a stream writes to. */
#ifndef PMP_TERMINAL_H
#define PMP_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is_tty(FILE *file);
/* Columns: from the terminal, else $COLUMNS, else 80; 0 if it is no terminal. */
unsigned terminal_width(FILE *file);
/* Rows: from the terminal, else $LINES, else 24; 0 if it is no terminal. */
unsigned terminal_height(FILE *file);
/* TERM is unset, empty or "dumb". */
bool terminal_is_dumb(void);

enum terminal_colours { COLOURS_AUTO, COLOURS_ALWAYS, COLOURS_NEVER };

/* Sets what terminal_has_colour returns; COLOURS_AUTO: it decides itself. */
void terminal_set_colours(enum terminal_colours colours);
/* COLOURS_AUTO: no if NO_COLOR is set and not empty (https://no-color.org); else yes if
 * CLICOLOR_FORCE is set, not empty and not 0 (https://bixense.com/clicolors); else yes if file is
 * a terminal that is not dumb. */
bool terminal_has_colour(FILE *file);
/* The locale's encoding is UTF-8, by LC_ALL, LC_CTYPE, LANG in this order. setlocale is not used: a
 * static program has no locales to load. */
bool terminal_is_utf8(void);

#endif
