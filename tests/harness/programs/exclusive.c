/* Two threads; at most one of them is in exclusive() at a time. So a sample of one instant never
 * shows both there. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long work;

static __attribute__((noinline)) void exclusive(void)
{
	for (int i = 0; i < 20000; i++)
		work++;
}

static __attribute__((noinline)) void *run(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_mutex_lock(&lock);
		exclusive();
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;

	alarm(600);
	if (pthread_create(&thread, NULL, run, NULL))
		return 1;
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	run(NULL);
	return 0;
}
