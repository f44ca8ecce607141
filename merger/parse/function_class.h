/* function_class: a table of function names of the interpreter and libc that the merge treats
 * specially. */
#ifndef PMP_FUNCTION_CLASS_H
#define PMP_FUNCTION_CLASS_H

#include "merger/base/span.h"

enum function_class {
	CLASS_OTHER,
	CLASS_EVALUATOR, /* the eval loop: a Python frame replaces it */
	CLASS_GLUE,      /* interpreter functions between two Python frames */
	CLASS_C_CALL,    /* the same; it calls a function that a C file gives to Python */
	CLASS_STARTUP,   /* libc and interpreter functions before the first Python frame */
	CLASS_MAIN,      /* "main": start-up if it is the interpreter's, else part of the program */
	CLASS_GIL_WAIT,  /* waits for the GIL */
	CLASS_LOCK,      /* takes a lock: the GIL, if the caller is the eval loop (2.7) */
	CLASS_GC,        /* collects garbage */
	CLASS_COUNT
};

/* name: without suffixes (symbol_suffix.h). */
enum function_class function_class_of(struct span name);

#endif
