#include "cli/os/clock.h"

#include <stdio.h>

#define US_PER_S 1000000u

uint64_t clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

void clock_wall(char *ret, size_t len)
{
	time_t now = time(NULL);
	struct tm utc;

	if (!gmtime_r(&now, &utc) || !strftime(ret, len, "%Y-%m-%dT%H:%M:%SZ", &utc))
		snprintf(ret, len, "%s", "");
}

uint64_t clock_sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

const struct timespec *clock_wait(uint64_t now, uint64_t deadline, struct timespec *ret)
{
	uint64_t us = deadline > now ? deadline - now : 0;

	if (deadline == CLOCK_NEVER)
		return NULL;
	*ret = (struct timespec){ (time_t)(us / US_PER_S), (long)(us % US_PER_S) * 1000 };
	return ret;
}
