/* kernel_stack: makes the frames of a thread that sleeps in the kernel from a `kernel` marker
 * (marker.h). */
#ifndef PMP_KERNEL_STACK_H
#define PMP_KERNEL_STACK_H

#include "merger/base/buf.h"
#include "merger/base/intern.h"
#include "merger/parse/marker.h"
#include "merger/parse/raw_stack.h"

/* More than a kernel stack has room for; further frames are ignored. */
#define KERNEL_FRAMES_MAX 256

struct kernel_stack {
	struct kernel_frame *frames; /* leaf first */
	size_t count, cap;
	struct buf text;
};

void kernel_stack_deinit(struct kernel_stack *stack);

/* Fills stack->frames, leaf first: the functions of the `frame` values ("kernel_clone+0x1af/0x3e0
 * [module]", without the offset), or, if there are none, the function of `wchan`; then the name of
 * the system call. If that name is known, the kernel's generic entry functions are left out. */
void kernel_stack_take(struct kernel_stack *stack, struct intern *intern,
                       const struct marker *marker);

#endif
