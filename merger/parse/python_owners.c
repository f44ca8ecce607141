#include "merger/parse/python_owners.h"

/* The index of the first native frame with this number; their count if there is none. */
static size_t find_number(const struct native_list *native, uint32_t number)
{
	size_t at = native_list_find(native, 0, number);

	return number != RAW_STACK_NO_NUMBER && at < native->count &&
	                       native->frames[at].number == number
	               ? at
	               : native->count;
}

/* Both lists are leaf first, so one pass is enough. */
static void assign_numbers(struct native_list *native, struct py_list *owned, struct py_list *loose,
                           struct py_list *spare)
{
	struct py_list old = *owned;
	size_t next = 0, kept = 0;

	*owned = *spare;
	owned->count = 0;
	for (size_t i = 0; i < native->count; i++) {
		struct native_frame *frame = &native->frames[i];
		uint32_t first = (uint32_t)owned->count;

		for (uint32_t j = 0; j < frame->py_count; j++)
			py_list_add(owned, &old.frames[frame->py_first + j]);
		for (; next < loose->count; next++) {
			size_t target = find_number(native, loose->frames[next].native_number);

			if (target > i && target < native->count)
				break;
			if (target != i)
				loose->frames[kept++] = loose->frames[next];
			else if (!frame->py_count)
				py_list_add(owned, &loose->frames[next]);
		}
		frame->py_first = first;
		frame->py_count = (uint32_t)owned->count - first;
	}
	while (next < loose->count)
		loose->frames[kept++] = loose->frames[next++];
	loose->count = kept;
	*spare = old;
}

static bool has_numbers(const struct py_list *loose)
{
	for (size_t i = 0; i < loose->count; i++)
		if (loose->frames[i].native_number != RAW_STACK_NO_NUMBER)
			return true;
	return false;
}

void python_owners_assign(struct native_list *native, struct py_list *owned, struct py_list *loose,
                          struct py_list *spare)
{
	if (has_numbers(loose))
		assign_numbers(native, owned, loose, spare);
	if (loose->count == owned->count && py_list_covers(owned, loose))
		loose->count = 0;
}
