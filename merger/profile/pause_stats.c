#include "merger/profile/pause_stats.h"

#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"

void pause_stats_deinit(struct pause_stats *pauses)
{
	free(pauses->us);
	*pauses = (struct pause_stats){ 0 };
}

void pause_stats_add(struct pause_stats *pauses, uint64_t us)
{
	if (us > UINT32_MAX)
		us = UINT32_MAX;
	pauses->us = alloc_grow(pauses->us, &pauses->cap, pauses->count + 1, sizeof(*pauses->us));
	pauses->us[pauses->count++] = (uint32_t)us;
	pauses->sum += us;
}

static int compare_us(const void *a, const void *b)
{
	return number_order(*(const uint32_t *)a, *(const uint32_t *)b);
}

/* Nearest rank: the smallest value that is at least as large as `percent` % of all values. */
static uint32_t find_percentile(const struct pause_stats *pauses, size_t percent)
{
	return pauses->us[(pauses->count * percent + 99) / 100 - 1];
}

struct profile_pause pause_stats_sum_up(struct pause_stats *pauses)
{
	struct profile_pause ret = { 0 };

	if (!pauses->count)
		return ret;
	ret.known = true;
	ret.first = pauses->us[0];
	qsort(pauses->us, pauses->count, sizeof(*pauses->us), compare_us);
	ret.median = find_percentile(pauses, 50);
	ret.p99 = find_percentile(pauses, 99);
	ret.max = pauses->us[pauses->count - 1];
	return ret;
}
