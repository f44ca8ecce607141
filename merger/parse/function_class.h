/* function_class: the function names of the interpreter, of libc and of gdb that mean something. One table.
 * A name's compiler-made endings (.cold, .part.N, .constprop.N, .isra.N, .lto_priv.N, .llvm.N) do not count. */
#ifndef PMP_FUNCTION_CLASS_H
#define PMP_FUNCTION_CLASS_H

#include "merger/base/span.h"

enum function_class {
	CLASS_OTHER,
	CLASS_EVALUATOR, /* the eval loop: a Python frame takes its place */
	CLASS_GLUE,      /* the interpreter's way from one Python frame to the next */
	CLASS_STARTUP,   /* libc's and the interpreter's way to the first Python frame */
	CLASS_MAIN,      /* "main": start-up if the interpreter's own, else the program's */
	CLASS_GIL_WAIT,  /* the interpreter waits for its lock */
	CLASS_LOCK,      /* it takes a lock: the GIL, if the eval loop itself does (2.7) */
	CLASS_GC,        /* it collects garbage */
	CLASS_COUNT
};

enum function_class function_class_of(struct span name);

#endif
