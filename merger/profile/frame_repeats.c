#include "merger/profile/frame_repeats.h"

#include <stdbool.h>

#define PERIOD_MAX 16
#define SAVED_MIN 3 /* frames that are not shown */

static bool is_same_function(const struct frame *a, const struct frame *b)
{
	return a->name == b->name && a->file == b->file && a->module == b->module &&
	       a->kind == b->kind;
}

struct frame_repeats frame_repeats_find(const struct frame *const *frames, size_t count, size_t at)
{
	for (size_t period = 1; period <= PERIOD_MAX && at + 2 * period <= count; period++) {
		size_t equal = 0;

		while (at + period + equal < count &&
		       is_same_function(frames[at + equal], frames[at + period + equal]))
			equal++;
		if (equal / period * period >= SAVED_MIN)
			return (struct frame_repeats){ period, equal / period + 1 };
	}
	return (struct frame_repeats){ 1, 1 };
}

void frame_repeats_describe(struct buf *out, struct frame_repeats repeats)
{
	if (repeats.period == 1)
		buf_printf(out, "(the same function");
	else
		buf_printf(out, "(the same %zu functions", repeats.period);
	if (repeats.count == 2)
		buf_printf(out, " once more)");
	else
		buf_printf(out, " %zu more times)", repeats.count - 1);
}
