/* frame: one level of a merged stack, and what a call tree's nodes are told apart by. */
#ifndef PMP_FRAME_H
#define PMP_FRAME_H

#include <stdint.h>

/* In profiles by these names: native, python, thread, process, lost, marker, kernel, host. */
enum frame_kind {
	FRAME_NATIVE,  /* C, C++, Rust ...; name is without arguments */
	FRAME_PYTHON,  /* function or Class.method */
	FRAME_THREAD,  /* name holds "worker-1 (tid 4713)" */
	FRAME_PROCESS, /* name holds "python3 (pid 4711)" */
	FRAME_LOST,    /* a stack that could not be read: name says why */
	FRAME_MARKER,  /* what the interpreter is doing: GIL, garbage collection */
	FRAME_KERNEL,  /* where in the kernel */
	FRAME_HOST,    /* name holds the host's */
	FRAME_KIND_COUNT
};

/* All strings are ids in the profile's intern table, 0 where it is not known. */
struct frame {
	uint32_t name;       /* native without a symbol: "0xOFFSET" */
	uint32_t file;       /* source file, as it was told */
	uint32_t module;     /* native: path of the executable or library */
	uint32_t first_line; /* Python: where its code begins, 0 if not known */
	uint32_t line;       /* the current line, 0 if not known */
	enum frame_kind kind;
};

#endif
