/* frame_order: the order in which a stack's frames were printed: leaf first, root first, or with
 * frames that a frame filter has elided and printed below another one, indented. */
#ifndef PMP_FRAME_ORDER_H
#define PMP_FRAME_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/parse/frame_lists.h"

/* {0}: no frame yet. */
struct frame_order {
	size_t count;  /* of frames */
	uint32_t last; /* the number of the last frame that was not elided */
	size_t indent; /* the blanks before it */
	bool falling;  /* root first */
	bool elided;   /* there was an elided frame */
};

bool frame_order_take_odd(struct frame_order *order, uint32_t number, size_t indent, bool directly,
                          bool paused);

/* True if a frame with this number and so many blanks before it belongs to the stack; *order then
 * counts it. directly: no other line was between it and the frame before. paused: a prompt was. */
static inline bool frame_order_take(struct frame_order *order, uint32_t number, size_t indent,
                                    bool directly, bool paused)
{
	/* the fast path of live text */
	if (number > order->last && indent == order->indent && order->count && !order->falling) {
		order->count++;
		order->last = number;
		return true;
	}
	return frame_order_take_odd(order, number, indent, directly, paused);
}

/* Sorts the frames by their numbers: leaf first. The Python frames that they own are moved with
 * them. *spare is a buffer, which is exchanged. */
void frame_order_sort(const struct frame_order *order, struct native_list *native,
                      struct py_list *owned, struct py_list *spare);

#endif
