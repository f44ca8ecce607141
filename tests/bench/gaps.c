/* A program that measures its own pauses: gaps SECONDS FILE THREADS [LIBRARY...]
 *
 * The first thread, about 30 frames deep, reads the clock in a loop; more than GAP_US between two
 * readings is a gap. The other threads are as deep, and sleep for NAP_US at a time; the longest
 * oversleep of each is its gap. At the end (after SECONDS, or on SIGTERM) FILE gets a line for each
 * gap: the thread, its begin and its length (in us, of CLOCK_MONOTONIC). The LIBRARYs are loaded
 * first. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GAP_US 100
#define NAP_US 20000
#define DEPTH 27
#define GAPS_MAX 1000000

struct gap {
	long begin, length;
};

static volatile sig_atomic_t over;
static struct gap gaps[GAPS_MAX];
static size_t gap_count;
static struct gap *overslept;
static long end;

static void on_term(int signal)
{
	(void)signal;
	over = 1;
}

static long read_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void watch_clock(void)
{
	long last = read_clock_us();

	while (!over && last < end) {
		long now = read_clock_us();

		if (now - last > GAP_US && gap_count < GAPS_MAX)
			gaps[gap_count++] = (struct gap){ last, now - last };
		last = now;
	}
}

static void watch_sleeps(struct gap *worst)
{
	while (!over && read_clock_us() < end) {
		const struct timespec nap = { 0, NAP_US * 1000 };
		long begin = read_clock_us(), late;

		nanosleep(&nap, NULL);
		late = read_clock_us() - begin - NAP_US;
		if (late > worst->length)
			*worst = (struct gap){ begin, late };
	}
}

static __attribute__((noinline)) int deeper(int depth, struct gap *worst)
{
	if (depth)
		return deeper(depth - 1, worst) + depth;
	if (worst)
		watch_sleeps(worst);
	else
		watch_clock();
	return 0;
}

static void *run(void *worst)
{
	deeper(DEPTH, worst);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[3]) : 1;
	pthread_t ids[threads];
	pthread_attr_t attr;
	FILE *out;

	if (argc < 4)
		return 2;
	for (int i = 4; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW))
			return fprintf(stderr, "%s\n", dlerror()), 1;
	signal(SIGTERM, on_term);
	end = read_clock_us() + atol(argv[1]) * 1000000;
	overslept = calloc((size_t)threads, sizeof(*overslept));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 17);
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], &attr, run, &overslept[i]);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	deeper(DEPTH, NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	out = fopen(argv[2], "w");
	if (!out)
		return 1;
	for (size_t i = 0; i < gap_count; i++)
		fprintf(out, "0 %ld %ld\n", gaps[i].begin, gaps[i].length);
	for (int i = 1; i < threads; i++)
		fprintf(out, "%d %ld %ld\n", i, overslept[i].begin, overslept[i].length);
	return fclose(out) != 0;
}
