/* frame_lists: growing lists of one stack's frames, leaf first. {0} is an empty list; the owner
 * frees `frames`. */
#ifndef PMP_FRAME_LISTS_H
#define PMP_FRAME_LISTS_H

#include "merger/base/alloc.h"
#include "merger/parse/raw_stack.h"

/* The numbers of the frames do not decrease. */
struct native_list {
	struct native_frame *frames;
	size_t count, cap;
};

struct py_list {
	struct py_frame *frames;
	size_t count, cap;
};

static inline void py_list_add(struct py_list *list, const struct py_frame *frame)
{
	list->frames = alloc_grow(list->frames, &list->cap, list->count + 1, sizeof(*list->frames));
	list->frames[list->count++] = *frame;
}

/* Adds a frame, which the caller fills. */
static inline struct native_frame *native_list_add(struct native_list *list)
{
	list->frames = alloc_grow(list->frames, &list->cap, list->count + 1, sizeof(*list->frames));
	return &list->frames[list->count++];
}

/* True if gdb may have printed one frame twice: the same number and function, no other address. */
bool native_frame_is_same(const struct native_frame *a, const struct native_frame *b);
/* The index, from `at` on, of the first frame with this number or a higher one. */
size_t native_list_find(const struct native_list *list, size_t at, uint32_t number);
/* True if all frames of `part` are in list. */
bool native_list_covers(const struct native_list *list, const struct native_list *part);
/* True if all frames of `part` are in list, in this order, with their lines. */
bool py_list_covers(const struct py_list *list, const struct py_list *part);

#endif
