/* A target that spins in code of many forms, for unwinders: recursion, callbacks from the C
 * library, calls by pointers, large and aligned frames, alloca, many registers, leaves without a
 * frame, signal handlers on their own stack, the vdso. It is built without unwind tables. Prints
 * "ready PID". */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;

NOINLINE static unsigned long leaf(unsigned long n)
{
	for (int i = 0; i < 8; i++)
		n = n * 31 + (n >> 7);
	return n;
}

NOINLINE static unsigned long many(unsigned long a, unsigned long b, unsigned long c,
                                   unsigned long d, unsigned long e, unsigned long f,
                                   unsigned long g)
{
	unsigned long x = leaf(a), y = leaf(b + c), z = leaf(d), u = leaf(e), v = leaf(f + g);

	return leaf(x + y) + leaf(z + u) * v + x * y * z * u * v;
}

NOINLINE static unsigned long large(unsigned long n)
{
	volatile char room[3000];

	memset((char *)room, (int)n, sizeof(room));
	return many(n, 2, 3, 4, 5, room[n % sizeof(room)], 7);
}

NOINLINE static unsigned long aligned(unsigned long n)
{
	volatile unsigned long words[4] __attribute__((aligned(64))) = { n, 1, 2, 3 };

	return leaf(words[n % 4]) + large(n);
}

NOINLINE static unsigned long variable(unsigned long n)
{
	volatile char *room = alloca(n % 200 + 16);

	room[n % 16] = 1;
	return aligned(n) + (unsigned long)room[n % 16];
}

NOINLINE static int compare(const void *one, const void *other)
{
	const int *a = one, *b = other;

	sink += leaf((unsigned long)*a);
	return (*a > *b) - (*a < *b);
}

NOINLINE static unsigned long sorts(unsigned long n)
{
	int numbers[12];

	for (int i = 0; i < 12; i++)
		numbers[i] = (int)(leaf(n + (unsigned long)i) % 100);
	qsort(numbers, 12, sizeof(numbers[0]), compare);
	return (unsigned long)numbers[3];
}

NOINLINE static unsigned long prints(unsigned long n)
{
	char text[64];

	snprintf(text, sizeof(text), "%lu %g", n, (double)n / 3);
	return strlen(text);
}

NOINLINE static unsigned long looks(unsigned long n)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return n + (unsigned long)now.tv_nsec;
}

static unsigned long (*volatile steps[])(unsigned long) = { variable, sorts, prints, looks };

NOINLINE static unsigned long deep(int depth, unsigned long n)
{
	if (!depth)
		return steps[n % 4](n);
	return deep(depth - 1, n) + 1;
}

NOINLINE static void on_signal(int number)
{
	for (int i = 0; i < 4000; i++)
		sink += leaf((unsigned long)number);
}

int main(void)
{
	static char room[1 << 16];
	stack_t own = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART };
	struct itimerval timer = { { 0, 3000 }, { 0, 3000 } };

	sigaltstack(&own, NULL);
	sigaction(SIGALRM, &action, NULL);
	if (!getenv("NO_SIGNALS"))
		setitimer(ITIMER_REAL, &timer, NULL);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (unsigned long i = 0;; i++)
		sink += deep((int)(i % 5), i);
}
