/* frame: one level of a merged stack, and the key of a call tree's node. */
#ifndef PMP_FRAME_H
#define PMP_FRAME_H

#include <stdint.h>

/* Their names in profiles: native, python, thread, process, lost, marker, kernel, host. */
enum frame_kind {
	FRAME_NATIVE,  /* C, C++, Rust ...; name without arguments */
	FRAME_PYTHON,  /* function or Class.method */
	FRAME_THREAD,  /* name: "worker-1 (tid 4713)" */
	FRAME_PROCESS, /* name: "python3 (pid 4711)" */
	FRAME_LOST,    /* a stack that could not be read; name: the reason */
	FRAME_MARKER,  /* activity of the interpreter: GIL, garbage collection */
	FRAME_KERNEL,  /* a kernel function */
	FRAME_HOST,    /* name: the host's */
	FRAME_KIND_COUNT
};

/* All strings are ids in the profile's intern table; 0: unknown. */
struct frame {
	uint32_t name;       /* native without a symbol: "0xOFFSET" */
	uint32_t file;       /* source file, as gdb printed it */
	uint32_t module;     /* native: path of the executable or library */
	uint32_t first_line; /* Python: first line of its code; 0: unknown */
	uint32_t line;       /* the current line; 0: unknown */
	enum frame_kind kind;
};

#endif
