/* printable: an escaped copy of a name from outside (a path, a command-line argument), for
 * messages. */
#ifndef PMP_PRINTABLE_H
#define PMP_PRINTABLE_H

struct printable {
	char text[400];
};

/* Fills *ret with the escaped name (escape.h) and returns ret->text. A longer name is cut and ends
 * in "...". */
const char *printable_name(struct printable *ret, const char *name);

#endif
