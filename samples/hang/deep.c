/* deep CASE: a thread that sleeps at the end of a recursion; prints its pid.
 *
 *	once	50,000 calls of one function
 *	cycle	30,000 calls each of two functions */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES (256u << 20)

static volatile int depth;

__attribute__((noinline)) static int rest(void)
{
	printf("%d\n", (int)getpid());
	fflush(stdout);
	return (int)sleep(60);
}

__attribute__((noinline)) static int down(int left)
{
	int below = left ? down(left - 1) : rest();

	return below + depth++;
}

__attribute__((noinline)) static int pong(int left);

__attribute__((noinline)) static int ping(int left)
{
	int below = left ? pong(left) : rest();

	return below + depth++;
}

__attribute__((noinline)) static int pong(int left)
{
	return ping(left - 1) + depth++;
}

static void *begin(void *cycle)
{
	if (cycle)
		ping(30000);
	else
		down(50000);
	return NULL;
}

int main(int argc, char **argv)
{
	int cycle = argc > 1 && !strcmp(argv[1], "cycle");
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_create(&thread, &attr, begin, cycle ? &cycle : NULL);
	return pthread_join(thread, NULL);
}
