/* raw_stack: one thread's frames in one sample, as parsed from the text: leaf first, not merged
 * yet. */
#ifndef PMP_RAW_STACK_H
#define PMP_RAW_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_STACK_NO_NUMBER UINT32_MAX
/* Of a longer stack the middle is left out (text_parser.h). */
#define RAW_STACK_FRAMES_MAX 100000u
#define RAW_STACK_DETAIL_MAX 512

struct py_frame {
	uint32_t name, file;       /* intern ids */
	uint32_t line, first_line; /* 0: unknown */
	/* The number of the native frame, from py-bt-full; otherwise RAW_STACK_NO_NUMBER. */
	uint32_t native_number;
	bool ruby; /* a Ruby frame: the `code` marker says so */
};

enum native_special {
	NATIVE_PLAIN,
	NATIVE_SIGNAL, /* <signal handler called> */
};

struct native_frame {
	uint32_t number;       /* N of "#N" */
	uint32_t name;         /* intern id, without suffixes (symbol_suffix.h); 0 for ?? */
	uint32_t symbol;       /* the same with suffixes */
	uint32_t owner;        /* of function_facts.h */
	uint32_t file, module; /* intern ids */
	uint32_t line;         /* 0: unknown; without a file: an address in `module` (frame.h) */
	bool has_addr;
	bool nameless, part; /* of function_facts.h, as the class */
	uint8_t class;       /* enum function_class */
	uint64_t addr;
	uint64_t place; /* the address in the file `module`; UINT64_MAX: unknown */
	enum native_special special;
	/* Intern id of "ARGUMENTS" or "ARGUMENTS<newline>SOURCE LINE", as the text has them, cut
	 * at RAW_STACK_DETAIL_MAX bytes. 0: none, or not asked for (text_parser_sink). */
	uint32_t detail;
	/* The Python frames that this evaluator frame runs, if the text shows them (an annotation,
	 * or the lines directly below): py[py_first] .. py[py_first + py_count - 1], leaf first. */
	uint32_t py_first, py_count;
};

struct stack_thread {
	uint32_t name;   /* intern id; 0: unknown */
	uint32_t pid;    /* 0: unknown */
	uint32_t tid;    /* LWP, or the number in its place; 0: unknown */
	uint32_t number; /* gdb's number of the thread; 0: no header */
	uint64_t handle; /* its pthread_t; 0: not printed */
	uint32_t doing;  /* intern id: "waits for the GIL"; 0: unknown */
	uint32_t note;   /* the same, as py-bt tells it, which knows less than native frames */
	/* py-bt's line about the C function that the innermost Python frame calls: "<built-in
	 * method acquire of ...>", an intern id; 0: none, or not asked for. */
	uint32_t builtin;
	char state; /* R, S, D ... as in /proc; 0: unknown */
	bool has_cpu;
	uint64_t cpu_us; /* CPU time since the thread's start */
};

struct kernel_frame {
	uint32_t name, module; /* intern ids; module 0: the kernel itself */
};

struct raw_stack {
	struct stack_thread thread;
	struct native_frame *native; /* leaf first */
	size_t native_count;
	/* All Python frames, leaf first. Those from loose_first on are from a py-bt block, and
	 * their native frames are unknown; the others belong to a native frame. */
	struct py_frame *py;
	size_t py_count;
	size_t loose_first;
	/* Leaf first. Only of a thread that slept in the kernel and was not stopped: it has no
	 * other frames. */
	const struct kernel_frame *kernel;
	size_t kernel_count;
	uint64_t prompts; /* of pasted text: prompts, or prose instead, before its last frame */
	bool again;       /* all its frames were printed before; only details may be new */
	bool headed;      /* printed below the header of its thread */
	bool full;        /* with local variables */
	uint32_t lost;    /* intern id of the reason why there is no stack; 0: there is a stack */
};

#endif
