/* error: an error's code and its message: one line that states what happened, to what, why, and
 * what the user can do. */
#ifndef PMP_ERROR_H
#define PMP_ERROR_H

#include <stdbool.h>

/* The values are pmp's exit codes (exit_codes.c). */
enum error_code {
	ERROR_NONE = 0,
	ERROR_FAILED = 1,        /* any other error */
	ERROR_USAGE = 2,         /* the command line is wrong */
	ERROR_NO_PROCESS = 3,    /* no such process, or it ended before the first sample */
	ERROR_PERMISSION = 4,    /* no permission to trace the process */
	ERROR_GDB = 5,           /* no usable gdb */
	ERROR_TRACED = 6,        /* the process has another tracer */
	ERROR_TIMEOUT = 7,       /* a timeout passed */
	ERROR_INPUT = 8,         /* bad input file */
	ERROR_OUTPUT = 9,        /* an output cannot be written */
	ERROR_INTERRUPTED = 130, /* Ctrl-C; results were written */
};

struct error {
	enum error_code code;
	char text[1024]; /* one line without "pmp:" and without a newline */
};

/* Fills *err, but keeps an earlier error: the first cause counts. Unsafe characters (escape.h)
 * become '?', a long text is cut. Returns false, so that a caller can `return error_set(...)`. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
