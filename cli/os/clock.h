/* clock: monotonic time in microseconds, and the ticks that samples are taken at.
 *
 * Tick k lies in period k from the start, whatever happened before it: at a part of it that is another one in each
 * period, so that what the target does at the same rate is seen in all its parts, not in one. The parts are the multiples
 * of an irrational number without their whole numbers: however many there are, they are spread evenly, and two ticks are
 * 0.59 or 1.59 periods apart. A sample may begin up to half a period after its tick. If that has passed it moves to the
 * next tick and is late: nothing is taken in a burst to catch up, and a run of n samples gets longer instead of losing
 * some. */
#ifndef PMP_CLOCK_H
#define PMP_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER UINT64_MAX

uint64_t clock_now_us(void);                   /* CLOCK_MONOTONIC */
void clock_wall(char *ret, size_t len);        /* "2026-11-22T10:25:03Z" */
uint64_t clock_sooner(uint64_t a, uint64_t b); /* the nearer of two deadlines */
/* How long it is to the deadline, for ppoll(2): fills *ret and returns it, NULL for never. */
const struct timespec *clock_wait(uint64_t now, uint64_t deadline, struct timespec *ret);

struct schedule {
	uint64_t start_us;
	double rate_hz; /* more than 0 */
};

uint64_t schedule_time(const struct schedule *schedule, uint64_t tick);
/* The tick at which a sample that was due at `tick` can still be taken; more than `tick`: it is late. */
uint64_t schedule_tick(const struct schedule *schedule, uint64_t tick, uint64_t now);

#endif
