#include "merger/parse/kernel_stack.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/parse/syscall_names.h"

/* The functions that each system call starts with (arch/x86/entry). */
static const char *const entries[] = { "entry_SYSCALL_64", "do_syscall_64", "x64_sys_call" };

void kernel_stack_deinit(struct kernel_stack *stack)
{
	free(stack->frames);
	buf_deinit(&stack->text);
}

static void add_kernel_frame(struct kernel_stack *stack, uint32_t name, uint32_t module)
{
	if (stack->count == KERNEL_FRAMES_MAX)
		return;
	stack->frames =
	        alloc_grow(stack->frames, &stack->cap, stack->count + 1, sizeof(*stack->frames));
	stack->frames[stack->count++] = (struct kernel_frame){ name, module };
}

static bool is_syscall_entry(struct span name)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		if (span_starts(name, span_of(entries[i])))
			return true;
	return false;
}

/* "ext4_sync_file+0x1b2/0x350 [ext4]" */
static void add_kernel_function(struct kernel_stack *stack, struct intern *intern, struct span text,
                                bool skip_entry)
{
	const char *plus = text.len ? memchr(text.ptr, '+', text.len) : NULL;
	struct span name = { text.ptr, plus ? (size_t)(plus - text.ptr) : text.len };
	struct span module = { NULL, 0 };
	const char *open = text.len ? memrchr(text.ptr, '[', text.len) : NULL;

	if (open && span_ends(text, SPAN_LIT("]"))) {
		module = span_skip(text, (size_t)(open + 1 - text.ptr));
		module.len--;
		if (name.len > (size_t)(open - text.ptr))
			name.len = (size_t)(open - text.ptr);
	}
	name = span_trim(name);
	if (name.len && !(skip_entry && is_syscall_entry(name)))
		add_kernel_frame(stack, intern_add_clean(intern, name),
		                 intern_add_clean(intern, module));
}

/* The marker has a number of x86-64 or a name. A recording of another machine has a name, because
 * system call numbers differ there. */
static struct span decode_syscall_name(const struct marker *marker, struct buf *text)
{
	struct span call = marker_get(marker, "syscall");
	const char *name = syscall_name(marker_number(marker, "syscall", UINT64_MAX));

	if (name)
		return span_of(name);
	if (!call.len || span_has(SPAN_LIT("0123456789-"), call.ptr[0]))
		return (struct span){ NULL, 0 };
	return marker_decode(call, text);
}

void kernel_stack_take(struct kernel_stack *stack, struct intern *intern,
                       const struct marker *marker)
{
	struct span call = decode_syscall_name(marker, &stack->text), key, value;
	uint32_t root = intern_add_clean(intern, call);
	size_t pos = 0;

	stack->count = 0;
	while (marker_next(marker, &pos, &key, &value))
		if (span_eq(key, SPAN_LIT("frame")))
			add_kernel_function(stack, intern, marker_decode(value, &stack->text),
			                    root);
	if (!stack->count)
		add_kernel_function(stack, intern,
		                    marker_decode(marker_get(marker, "wchan"), &stack->text),
		                    false);
	if (root) {
		stack->count -= stack->count == KERNEL_FRAMES_MAX;
		add_kernel_frame(stack, root, 0);
	}
}
