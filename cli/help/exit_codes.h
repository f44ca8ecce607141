/* exit_codes: what pmp's exit codes mean, a row each: for help and the man page. */
#ifndef PMP_EXIT_CODES_H
#define PMP_EXIT_CODES_H

#include <stddef.h>

struct exit_code {
	const char *code; /* a number, or how it is made */
	const char *what;
};

/* The i-th row, code NULL behind the last. They are error.h's, and the signals'. */
struct exit_code exit_code_at(size_t i);

#endif
