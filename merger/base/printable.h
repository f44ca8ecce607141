/* printable: a name from the outside (a path, a word of the command line) as a message may hold it. */
#ifndef PMP_PRINTABLE_H
#define PMP_PRINTABLE_H

struct printable {
	char text[400];
};

/* Fills *shown with the escaped name (escape.h), cut if it is too long; returns shown->text. */
const char *printable_name(struct printable *shown, const char *name);

#endif
