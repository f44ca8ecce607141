/* frame: one level of a merged stack, and the key of a call tree's node. */
#ifndef PMP_FRAME_H
#define PMP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Their names in profiles: native, python, ruby, thread, process, lost, marker, kernel, host. */
enum frame_kind {
	FRAME_NATIVE,  /* C, C++, Rust ...; name without arguments */
	FRAME_PYTHON,  /* function or Class.method */
	FRAME_RUBY,    /* method or "block in METHOD" */
	FRAME_THREAD,  /* name: "worker-1 (tid 4713)" */
	FRAME_PROCESS, /* name: "python3 (pid 4711)" */
	FRAME_LOST,    /* a stack that could not be read; name: the reason */
	FRAME_MARKER,  /* activity of the interpreter: GIL, garbage collection */
	FRAME_KERNEL,  /* a kernel function */
	FRAME_HOST,    /* name: the host's */
	FRAME_KIND_COUNT
};

/* A frame of an interpreter's program: it has a source file and a line. */
static inline bool frame_is_script(enum frame_kind kind)
{
	return kind == FRAME_PYTHON || kind == FRAME_RUBY;
}

/* All strings are ids in the profile's intern table; 0: unknown. */
struct frame {
	/* Native code without a name has "fn 0x1fcd40", the start of its function, or "0x1fcda8",
	 * its place: addresses of the file `module`, as in its symbol table. */
	uint32_t name;
	uint32_t file;       /* source file, as gdb printed it */
	uint32_t module;     /* native: path of the executable or library */
	uint32_t first_line; /* Python: first line of its code; 0: unknown */
	uint32_t line;       /* the current line, or address (below); 0: unknown */
	enum frame_kind kind;
};

/* True if the frame's lines are addresses of the file `module`: native code without a source file
 * has no lines. Only places in functions without a name have addresses so far. */
static inline bool frame_has_addresses(const struct frame *frame)
{
	return frame->kind == FRAME_NATIVE && !frame->file;
}

#endif
