/* Functions that GCC splits (-O2, ipa-split.c): what follows the early return of `work` becomes
 * work.part.0, and the rest of it is inlined in its callers. `down` calls itself. */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

volatile unsigned long sink;

struct job {
	long step;
};

static const struct job three = { 3 }, *volatile next = &three;
static volatile long count = 30000;

static long work(const struct job *job, long times)
{
	long sum = 0;

	if (!job)
		return 0;
	for (long i = 0; i < times; i++)
		sum += sink += (unsigned long)(i * job->step);
	for (long i = 0; i < times; i++)
		sum ^= sink += (unsigned long)(i * job->step) ^ 3;
	for (long i = 0; i < times; i++)
		sum -= sink += (unsigned long)(i * job->step) ^ 5;
	return sum;
}

__attribute__((noinline)) static long first(void)
{
	return work(next, count) + work(next, count / 2);
}

__attribute__((noinline)) static long second(void)
{
	return 2 * work(next, count) + work(next, 7);
}

__attribute__((noinline, noclone)) static long down(long depth)
{
	return depth ? down(depth - 1) * 3 + second() : first();
}

int main(void)
{
	printf("ready %d\n", getpid());
	fflush(stdout);
	for (;;)
		sink += (unsigned long)down(2);
}
