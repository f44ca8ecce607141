#include "merger/parse/frame_order.h"

#include <stdlib.h>

#include "merger/base/number.h"

static bool is_elided(const struct frame_order *order, uint32_t number, size_t indent,
                      bool directly)
{
	return directly && !order->falling && indent > order->indent && number <= order->last;
}

/* Within one stack numbers may be missing ("bt 2" and then "bt -2", or text that was trimmed) or
 * repeated (inlined frames that were expanded by hand). */
static bool belongs(struct frame_order *order, uint32_t number, bool directly, bool paused)
{
	if (paused && number == order->last)
		return false;
	if (order->falling)
		return !paused && number <= order->last;
	if (directly && !paused && order->count == 1 && number + 1 == order->last) {
		order->falling = true;
		return true;
	}
	return number != 0 && number >= order->last;
}

bool frame_order_take_odd(struct frame_order *order, uint32_t number, size_t indent, bool directly,
                          bool paused)
{
	if (order->count && is_elided(order, number, indent, directly && !paused)) {
		order->count++;
		order->elided = true;
		return true;
	}
	if (order->count && !belongs(order, number, directly, paused))
		return false;
	order->count++;
	order->last = number;
	order->indent = indent;
	return true;
}

static void reverse(struct native_list *native)
{
	for (size_t i = 0, j = native->count; i + 1 < j; i++) {
		struct native_frame frame = native->frames[i];

		native->frames[i] = native->frames[--j];
		native->frames[j] = frame;
	}
}

/* The rows point into one array: equal numbers keep their order. */
static int compare(const void *a, const void *b)
{
	const struct native_frame *const *left = a, *const *right = b;
	int order = number_order((*left)->number, (*right)->number);

	return order ? order : (*left < *right ? -1 : 1);
}

static void sort(struct native_list *native)
{
	size_t count = native->count;
	struct native_frame *copy = alloc_zeroed(count, sizeof(*copy));
	const struct native_frame **rows = alloc_zeroed(count, sizeof(*rows));

	memcpy(copy, native->frames, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		rows[i] = &copy[i];
	qsort(rows, count, sizeof(*rows), compare);
	for (size_t i = 0; i < count; i++)
		native->frames[i] = *rows[i];
	free(rows);
	free(copy);
}

static void move_python(struct native_list *native, struct py_list *owned, struct py_list *spare)
{
	struct py_list old = *owned;

	*owned = *spare;
	owned->count = 0;
	for (size_t i = 0; i < native->count; i++) {
		struct native_frame *frame = &native->frames[i];
		uint32_t first = (uint32_t)owned->count;

		for (uint32_t j = 0; j < frame->py_count; j++)
			py_list_add(owned, &old.frames[frame->py_first + j]);
		frame->py_first = first;
	}
	*spare = old;
}

void frame_order_sort(const struct frame_order *order, struct native_list *native,
                      struct py_list *owned, struct py_list *spare)
{
	if (!order->falling && !order->elided)
		return;
	if (order->falling)
		reverse(native);
	else
		sort(native);
	move_python(native, owned, spare);
}
