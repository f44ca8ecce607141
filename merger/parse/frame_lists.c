#include "merger/parse/frame_lists.h"

/* Limit on the search among frames of one number (inlined frames that were expanded by hand). */
#define SAME_NUMBER_MAX 64

bool native_frame_is_same(const struct native_frame *a, const struct native_frame *b)
{
	if (a->number != b->number)
		return false;
	/* gdb omits the address at the start of a source line. */
	if (!a->has_addr || !b->has_addr)
		return a->name == b->name;
	/* The name is missing until gdb has read the symbols. */
	return a->addr == b->addr && (a->name == b->name || !a->name || !b->name);
}

size_t native_list_find(const struct native_list *list, size_t at, uint32_t number)
{
	size_t end = list->count;

	while (at < end) {
		size_t middle = at + (end - at) / 2;

		if (list->frames[middle].number < number)
			at = middle + 1;
		else
			end = middle;
	}
	return at;
}

bool native_list_covers(const struct native_list *list, const struct native_list *part)
{
	size_t at = 0;

	for (size_t i = 0; i < part->count; i++) {
		const struct native_frame *native = &part->frames[i];
		size_t limit;

		at = native_list_find(list, at, native->number);
		limit = list->count - at < SAME_NUMBER_MAX ? list->count : at + SAME_NUMBER_MAX;
		while (at < limit && !native_frame_is_same(&list->frames[at], native))
			at++;
		if (at == limit)
			return false;
	}
	return true;
}

static bool is_same_python(const struct py_frame *a, const struct py_frame *b)
{
	return a->name == b->name && a->file == b->file && a->line == b->line;
}

bool py_list_covers(const struct py_list *list, const struct py_list *part)
{
	size_t found = 0;

	for (size_t i = 0; i < list->count && found < part->count; i++)
		found += is_same_python(&list->frames[i], &part->frames[found]);
	return found == part->count;
}
