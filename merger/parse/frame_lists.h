/* frame_lists: growing lists of one stack's frames, leaf first. {0} is an empty list; the owner
 * frees `frames`. */
#ifndef PMP_FRAME_LISTS_H
#define PMP_FRAME_LISTS_H

#include "merger/base/alloc.h"
#include "merger/parse/raw_stack.h"

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

#endif
