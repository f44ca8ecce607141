#include "cli/sampler/schedule.h"

#define US_PER_S 1000000u

uint64_t schedule_time(const struct schedule *schedule, uint64_t tick)
{
	double multiple = (double)tick * SCHEDULE_STEP;
	double fraction = multiple - (double)(uint64_t)multiple;

	return schedule->start_us +
	       (uint64_t)(((double)tick + fraction) * US_PER_S / schedule->rate_hz);
}

uint64_t schedule_tick(const struct schedule *schedule, uint64_t tick, uint64_t now)
{
	double half = US_PER_S / schedule->rate_hz / 2;
	uint64_t next;

	if ((double)now <= (double)schedule_time(schedule, tick) + half)
		return tick;
	next = (uint64_t)((double)(now - schedule->start_us) * schedule->rate_hz / US_PER_S);
	while (schedule_time(schedule, next) < now)
		next++;
	return next > tick ? next : tick + 1;
}
