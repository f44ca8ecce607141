/* clock: monotonic time in microseconds, and the deadlines that are compared with it. */
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

#endif
