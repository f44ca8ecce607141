/* kernel_stack: a `kernel` marker (marker.h) -> the frames of a thread that sleeps in the kernel. */
#ifndef PMP_KERNEL_STACK_H
#define PMP_KERNEL_STACK_H

#include "merger/base/buf.h"
#include "merger/base/intern.h"
#include "merger/parse/marker.h"
#include "merger/parse/raw_stack.h"

/* More frames than any kernel stack has room for are not taken. */
#define KERNEL_FRAMES_MAX 256

struct kernel_stack {
	struct kernel_frame *frames; /* leaf first */
	size_t count, cap;
	struct buf text;
};

void kernel_stack_deinit(struct kernel_stack *stack);

/* Leaf first: the functions that `frame` names ("kernel_clone+0x1af/0x3e0 [module]", without the offset);
 * if there are none, what it waits in (`wchan`); then the system call by its name. What leads from the
 * system call's entry to its own function is left out where that name is known. */
void kernel_stack_take(struct kernel_stack *stack, struct intern *intern,
                       const struct marker *marker);

#endif
