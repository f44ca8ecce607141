/* exit_codes: the meaning of pmp's exit codes, a row each, for --help and the man page. */
#ifndef PMP_EXIT_CODES_H
#define PMP_EXIT_CODES_H

#include <stddef.h>

struct exit_code {
	const char *code; /* a number, or a formula ("128+N") */
	const char *what;
};

/* The i-th row; its code is NULL after the last. The codes are those of error.h and, for signals,
 * 128+N. */
struct exit_code exit_code_at(size_t i);

#endif
