/* raw_stack: one thread's frames in one sample as the text has them: leaf first, not merged yet. */
#ifndef PMP_RAW_STACK_H
#define PMP_RAW_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_STACK_NO_NUMBER UINT32_MAX
/* A longer stack keeps its leaf frames (text_parser.h). */
#define RAW_STACK_FRAMES_MAX 100000u

struct py_frame {
	uint32_t name, file;       /* intern ids */
	uint32_t line, first_line; /* 0: not known */
	/* py-bt-full tells the native frame by its number; RAW_STACK_NO_NUMBER where nothing
	 * does. */
	uint32_t native_number;
};

enum native_special {
	NATIVE_PLAIN,
	NATIVE_SIGNAL, /* <signal handler called> */
};

struct native_frame {
	uint32_t number;       /* N of "#N" */
	uint32_t name;         /* intern id; 0 for ?? */
	uint32_t file, module; /* intern ids */
	uint32_t line;         /* 0: not known */
	bool has_addr;
	uint64_t addr;
	uint64_t offset; /* into the file `module`; UINT64_MAX where the base is not known */
	enum native_special special;
	/* The Python frames that this evaluator frame runs, told by the text itself (an annotation,
	 * or lines right below): py[py_first] .. py[py_first + py_count - 1], leaf first. */
	uint32_t py_first, py_count;
};

struct stack_thread {
	uint32_t name;   /* intern id, 0: not told */
	uint32_t pid;    /* 0: not told */
	uint32_t tid;    /* LWP, or what the header has in its place; 0: not told */
	uint32_t number; /* gdb's own number of it, 0: no header */
	uint32_t doing;  /* intern id: "waits for the GIL"; 0: not told */
	char state;      /* R, S, D ... as /proc has it; 0: not told */
	bool has_cpu;
	uint64_t cpu_us; /* CPU time that it has had in its life */
};

struct kernel_frame {
	uint32_t name, module; /* intern ids; module 0: the kernel itself */
};

struct raw_stack {
	struct stack_thread thread;
	struct native_frame *native; /* leaf first */
	size_t native_count;
	/* All Python frames, leaf first: those that belong to a native frame, and, where
	 * loose_first < py_count, those of a py-bt block of which nothing says where they
	 * belong. */
	struct py_frame *py;
	size_t py_count;
	size_t loose_first;
	/* Of a thread that sleeps in the kernel and was not stopped, so that there is nothing else:
	 * leaf first. */
	const struct kernel_frame *kernel;
	size_t kernel_count;
	uint32_t lost; /* intern id of the reason why there is no stack; 0: there is one */
};

#endif
