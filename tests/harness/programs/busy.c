/* A correct program that uses its locks all the time: twelve threads take mutexes in a fixed order,
 * and an rwlock. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define MUTEXES 4
#define THREADS 12

static pthread_mutex_t mutexes[MUTEXES];
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static volatile unsigned long work;

static void take_two(unsigned a, unsigned b)
{
	pthread_mutex_lock(&mutexes[a < b ? a : b]);
	if (a != b)
		pthread_mutex_lock(&mutexes[a < b ? b : a]);
	work++;
	if (a != b)
		pthread_mutex_unlock(&mutexes[a < b ? b : a]);
	pthread_mutex_unlock(&mutexes[a < b ? a : b]);
}

static void *run(void *seed)
{
	unsigned random = *(unsigned *)seed;

	for (;;) {
		random = random * 1103515245 + 12345;
		take_two(random >> 16 & 3, random >> 20 & 3);
		if (random & 1024)
			pthread_rwlock_wrlock(&shared);
		else
			pthread_rwlock_rdlock(&shared);
		work++;
		pthread_rwlock_unlock(&shared);
	}
	return NULL;
}

int main(void)
{
	static unsigned seeds[THREADS];
	pthread_t thread;

	alarm(3600);
	for (unsigned i = 0; i < MUTEXES; i++)
		pthread_mutex_init(&mutexes[i], NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = i;
		if (pthread_create(&thread, NULL, run, &seeds[i]))
			return 1;
	}
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	pthread_join(thread, NULL);
	return 0;
}
