/* work: a C program that spends its time in known places (see README.md).
 *
 *	work [--seconds S] [--threads N]
 *
 * Prints "ready PID" and ends after --seconds. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One round in seconds, as in spin.py. */
#define ROUND 0.2618034
#define THREADS_MAX 1024

static double start, end;
static volatile unsigned sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) static void hash_block(unsigned x)
{
	for (int i = 0; i < 20000; i++)
		x = x * 1664525u + 1013904223u + (x >> 16);
	sink = x;
}

__attribute__((noinline)) static void encode(double until)
{
	while (now() < until)
		hash_block(1);
	sink = 1;
}

__attribute__((noinline)) static void decode(double until)
{
	while (now() < until)
		hash_block(2);
	sink = 2;
}

__attribute__((noinline)) static void wait_for_work(double until)
{
	double whole = floor(until);
	struct timespec t = { (time_t)whole, (long)((until - whole) * 1e9) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	sink = 3;
}

static const struct part {
	double border; /* its end, as a fraction of a round */
	void (*run)(double until);
} parts[] = {
	{ 0.4, encode },
	{ 0.6, decode },
	{ 1.0, wait_for_work },
};

/* The clock alone decides which part runs. */
static void *run(void *arg)
{
	double t;

	while ((t = now()) < end) {
		double rounds = floor((t - start) / ROUND);
		const struct part *part = parts;

		while (part->border < 1.0 && t - start >= (rounds + part->border) * ROUND)
			part++;
		part->run(start + (rounds + part->border) * ROUND);
	}
	return arg;
}

static double number(const char *text)
{
	char *rest;
	double ret = strtod(text, &rest);

	if (*rest || !(ret >= 0 && ret < 1e6)) {
		fprintf(stderr, "work: not a number: %s\n", text);
		exit(2);
	}
	return ret;
}

int main(int argc, char **argv)
{
	static pthread_t threads[THREADS_MAX];
	double seconds = 60;
	int count = 1;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
			seconds = number(argv[i + 1]);
		} else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0 &&
		           number(argv[i + 1]) <= THREADS_MAX) {
			count = (int)number(argv[i + 1]);
		} else {
			fprintf(stderr, "usage: work [--seconds S] [--threads N]\n");
			return 2;
		}
	}
	start = now();
	end = start + seconds;
	for (int i = 1; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, NULL) != 0)
			return 1;
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	run(NULL);
	for (int i = 1; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
