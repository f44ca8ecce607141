/* schedule: the times at which samples are taken.
 *
 * Samples at a constant rate would alias with periodic work in the target: work with the same
 * period would always be sampled at the same point. So period k contains one sampling time, tick k,
 * at a fraction of the period that differs from tick to tick. The fractions are an additive
 * recurrence: frac(k * SCHEDULE_STEP), where the step is irrational. This sequence has a low
 * discrepancy: any number of consecutive ticks covers the period evenly, more evenly than random
 * times would. It is deterministic, does not drift, and two consecutive ticks are either 0.59 or
 * 1.59 periods apart.
 *
 * A sample may begin up to half a period after its tick. After that it moves to the next tick that
 * is still to come, and counts as late. So there are never two samples in quick succession to catch
 * up, and a run of n samples takes longer instead of losing some. */
#ifndef PMP_SCHEDULE_H
#define PMP_SCHEDULE_H

#include <stdint.h>

/* 2 - sqrt(2), the distance from one fraction to the next. The terms of its continued fraction,
 * [0; 1, 1, 2, 2, 2, ...], are all small, so no ratio of small integers is near it, which is the
 * condition for a low discrepancy. The golden ratio's 0.618 would do as well. */
#define SCHEDULE_STEP 0.5857864376269049

struct schedule {
	uint64_t start_us; /* CLOCK_MONOTONIC */
	double rate_hz;    /* more than 0 */
};

/* The time of a tick, in the unit of start_us. Ticks are numbered from 0. */
uint64_t schedule_time(const struct schedule *schedule, uint64_t tick);
/* The tick for a sample that was due at `tick`, if it is `now`. More than `tick`: it is late. */
uint64_t schedule_tick(const struct schedule *schedule, uint64_t tick, uint64_t now);

#endif
