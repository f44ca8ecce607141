/* sleeper BEFORE DURING AFTER [main]: a thread that waits for its vfork child, so it is in
 * uninterruptible sleep (state D). It begins after BEFORE seconds; each sleep takes DURING seconds,
 * and AFTER seconds are between two sleeps. A second thread spins. With "main", the main thread
 * sleeps. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile unsigned long spins;

static void *spin(void *arg)
{
	for (;;)
		spins++;
	return arg;
}

static void wait_for(const char *seconds)
{
	usleep((useconds_t)(atof(seconds) * 1e6));
}

static void *sleep_long(void *arg)
{
	char **argv = arg;

	wait_for(argv[1]);
	for (;;) {
		if (vfork() == 0) {
			wait_for(argv[2]);
			_exit(0);
		}
		wait_for(argv[3]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 4)
		return 2;
	alarm(120);
	pthread_create(&thread, NULL, spin, NULL);
	printf("ready 1\n");
	fflush(stdout);
	if (argc > 4)
		sleep_long(argv);
	pthread_create(&thread, NULL, sleep_long, argv);
	for (;;)
		pause();
}
