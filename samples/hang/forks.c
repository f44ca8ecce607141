/* Mutexes whose owner does not exist, for pmp dump: `forks CASE`. Each prints the pid of the
 * process that hangs, and ends after a minute. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int taken[2];

static void *hold(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	if (write(taken[1], "x", 1) == 1)
		pause();
	return NULL;
}

static void *hold_and_end(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	return NULL;
}

static void *hold_stdout(void *unused)
{
	(void)unused;
	flockfile(stdout);
	if (write(taken[1], "x", 1) == 1)
		pause();
	return NULL;
}

/* Starts a thread, and waits until it holds its lock. */
static void start(void *(*function)(void *))
{
	pthread_t thread;
	char byte;

	if (pipe(taken) || pthread_create(&thread, NULL, function, NULL) ||
	    read(taken[0], &byte, 1) != 1)
		_exit(1);
}

/* A child waits for a mutex that another thread of its parent held. */
static void inherited(void)
{
	start(hold);
	if (fork()) {
		pause();
		return;
	}
	alarm(60);
	dprintf(1, "%d\n", (int)getpid());
	pthread_mutex_lock(&mutex);
}

/* A mutex of a thread that has ended. */
static void ended(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, hold_and_end, NULL) || pthread_join(thread, NULL))
		return;
	dprintf(1, "%d\n", (int)getpid());
	pthread_mutex_lock(&mutex);
}

/* The lock of stdout, which another thread holds. */
static void file(void)
{
	start(hold_stdout);
	dprintf(1, "%d\n", (int)getpid());
	puts("never");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = { { "inherited", inherited }, { "ended", ended }, { "file", file } };

	alarm(60);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (argc == 2 && !strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	fputs("usage: forks inherited|ended|file\n", stderr);
	return 2;
}
