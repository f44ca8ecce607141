/* error: what went wrong, in one line for a person: what happened, to what, why, what to do. */
#ifndef PMP_ERROR_H
#define PMP_ERROR_H

#include <stdbool.h>

/* The values are pmp's exit codes (see exit_codes.c). */
enum error_code {
	ERROR_NONE = 0,
	ERROR_FAILED = 1,        /* anything without a code of its own */
	ERROR_USAGE = 2,         /* the command line is wrong */
	ERROR_NO_PROCESS = 3,    /* no such process, or it ended before the first sample */
	ERROR_PERMISSION = 4,    /* not permitted to trace it */
	ERROR_GDB = 5,           /* no usable gdb */
	ERROR_TRACED = 6,        /* another tracer holds it */
	ERROR_TIMEOUT = 7,       /* a deadline passed */
	ERROR_INPUT = 8,         /* bad input file */
	ERROR_OUTPUT = 9,        /* output cannot be written */
	ERROR_INTERRUPTED = 130, /* Ctrl-C; results were written */
};

struct error {
	enum error_code code;
	char text[1024]; /* one line without "pmp:" and without a newline */
};

/* Fills *err (an earlier error there is kept: the first cause counts); what escape.h calls unsafe
 * becomes '?', what is too long is cut. Returns false, so that a caller can return it. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
