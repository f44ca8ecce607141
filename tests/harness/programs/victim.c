/* victim KIND [NUMBER]: the target of tests/stress/torture.py. It prints "ready PID", executes the
 * commands that it reads, a line each, and answers each with one line:
 *   check      loads another library, forks, takes a signal: "checked", or what failed
 *   end N      exits with code N
 *   exec       executes itself: "ready PID"
 *   fork       creates twenty children, one after the other: "forked"
 *   storm N    starts and ends N threads: "stormed"
 *   usr1       "usr1 N": number of SIGUSR1 received
 *   real-time  "rt N": number of SIGRTMIN received with the values 0, 1, 2 ... in this order
 *   sigint     "sigint N": number of SIGINT received
 *   eintr      "eintr N": number of system calls interrupted by a signal
 * It ends at the end of its input. KIND is "threads", or what begin(), arrange_sigint() and main()
 * compare it with. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "small_thread.h"

static atomic_uint usr1, real_time, out_of_order, alarms, interrupts, interrupted_calls;
static char **args;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGUSR1)
		usr1++;
	else if (number == SIGALRM)
		alarms++;
	else if (number == SIGINT)
		interrupts++;
	else if ((unsigned)info->si_value.sival_int == real_time)
		real_time++;
	else
		out_of_order++;
}

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = on_signal,
		                    .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(number, &action, NULL);
}

/* Only the main thread takes signals, so that they arrive in order. */
static void spawn(void *(*run)(void *), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!small_thread_start(run, arg)) {
		printf("no thread\n");
		exit(99);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void nap(unsigned us)
{
	struct timespec time = { .tv_nsec = us * 1000L };

	if (nanosleep(&time, NULL) && errno == EINTR)
		interrupted_calls++;
}

/* Uses half a core at most: many victims run at the same time. */
static void *spin(void *arg)
{
	volatile unsigned long sum = 0;

	(void)arg;
	for (;;) {
		for (unsigned i = 0; i < 300000; i++)
			sum += i;
		nap(1000);
	}
	return NULL;
}

static void *sleep_long(void *arg)
{
	(void)arg;
	for (;;)
		sleep(1000);
	return NULL;
}

static void *wait_forever(void *arg)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	(void)arg;
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&never, &mutex);
	return NULL;
}

static void *read_forever(void *arg)
{
	int ends[2];
	char byte;

	(void)arg;
	if (pipe(ends) == 0 && read(ends[0], &byte, 1) < 0)
		interrupted_calls++;
	return NULL;
}

/* Returns 0 on success. */
static int load(const char *name)
{
	void *library = dlopen(name, RTLD_NOW);

	return library ? dlclose(library) : -1;
}

static int fork_once(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -1;
}

static void *load_and_fork(void *arg)
{
	(void)arg;
	for (;;) {
		if (load("libanl.so.1") && load("libutil.so.1") && load("libm.so.6"))
			exit(98);
		nap(2000);
		if (fork_once())
			exit(97);
		nap(2000);
	}
	return NULL;
}

static void *nothing(void *arg)
{
	return arg;
}

static void storm(unsigned count)
{
	pthread_t threads[50];

	while (count) {
		unsigned begun = 0;

		for (; begun < 50 && count; begun++, count--)
			if (pthread_create(&threads[begun], NULL, nothing, NULL))
				break;
		for (unsigned i = 0; i < begun; i++)
			pthread_join(threads[i], NULL);
	}
}

static void *storm_forever(void *arg)
{
	(void)arg;
	for (;;) {
		storm(100);
		nap(1000);
	}
	return NULL;
}

/* The caller is in state D until its vfork child exits, and the child blocks in read(). */
static void *vfork_forever(void *arg)
{
	int *ends = arg;
	char byte;

	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) < 0);
		}
		waitpid(pid, NULL, 0);
	}
	return NULL;
}

static unsigned deep(unsigned n)
{
	volatile unsigned char room[32];

	room[0] = (unsigned char)n;
	if (n == 0) {
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		while (!room[0])
			nap(1000);
	}
	return n == 0 ? 0 : deep(n - 1) + room[0];
}

static void alarms_every(unsigned us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };

	handle(SIGALRM);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Sets up SIGINT for this kind; returns a signalfd, or -1 if the kind has none. */
static int arrange_sigint(const char *kind)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	if (!strcmp(kind, "sigint-handled"))
		handle(SIGINT);
	if (!strcmp(kind, "sigint-ignored"))
		signal(SIGINT, SIG_IGN);
	if (!strcmp(kind, "sigint-blocked") || !strcmp(kind, "sigint-fd") ||
	    !strcmp(kind, "sigint-waited"))
		sigprocmask(SIG_BLOCK, &set, NULL);
	return strcmp(kind, "sigint-fd") ? -1 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void *wait_for_sigint(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	for (;;) {
		int number = sigwaitinfo(&set, NULL);

		if (number == SIGINT)
			interrupts++;
		else
			interrupted_calls++;
	}
	return arg;
}

static void begin(const char *kind, unsigned number)
{
	static int ends[2];

	if (!strcmp(kind, "many")) {
		for (unsigned i = 0; i < number; i++)
			spawn(sleep_long, NULL);
		return;
	}
	spawn(spin, NULL);
	spawn(sleep_long, NULL);
	spawn(wait_forever, NULL);
	spawn(read_forever, NULL);
	if (!strcmp(kind, "busy")) {
		spawn(load_and_fork, NULL);
		alarms_every(3000);
	} else if (!strcmp(kind, "storm")) {
		spawn(storm_forever, NULL);
	} else if (!strcmp(kind, "vfork")) {
		if (pipe(ends) == 0)
			spawn(vfork_forever, ends);
	} else if (!strcmp(kind, "sigint-waited")) {
		spawn(wait_for_sigint, NULL);
	}
}

static const char *check_all(void)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned before = usr1;

	if (load("libresolv.so.2"))
		return "dlopen fails";
	if (fork_once())
		return "fork fails";
	raise(SIGUSR1);
	for (int i = 0; i < 1000 && usr1 == before; i++)
		nanosleep(&pause, NULL);
	return usr1 == before ? "a signal does not arrive" : NULL;
}

static void execute_command(char *line)
{
	char *arg = strchr(line, ' ');
	unsigned number = arg ? (unsigned)atoi(arg) : 0;

	if (!strcmp(line, "check")) {
		const char *why = check_all();

		printf("%s\n", why ? why : "checked");
	} else if (!strncmp(line, "end ", 4)) {
		exit((int)number);
	} else if (!strcmp(line, "exec")) {
		signal(SIGALRM, SIG_IGN);
		execv("/proc/self/exe", args);
		printf("exec fails\n");
	} else if (!strcmp(line, "fork")) {
		for (int i = 0; i < 20; i++)
			if (fork_once())
				printf("fork fails\n");
		printf("forked\n");
	} else if (!strncmp(line, "storm ", 6)) {
		storm(number);
		printf("stormed\n");
	} else if (!strcmp(line, "usr1")) {
		printf("usr1 %u\n", usr1);
	} else if (!strcmp(line, "real-time")) {
		printf("rt %u%s\n", real_time, out_of_order ? " in disorder" : "");
	} else if (!strcmp(line, "sigint")) {
		printf("sigint %u\n", interrupts);
	} else if (!strcmp(line, "eintr")) {
		printf("eintr %u\n", interrupted_calls);
	} else {
		printf("unknown\n");
	}
	fflush(stdout);
}

/* Reads a line like fgets, but continues after EINTR. False at the end of the input. */
static bool next_line(char *line, size_t size, int sigint)
{
	struct signalfd_siginfo info;
	size_t len = 0;

	while (len + 1 < size) {
		struct pollfd polls[] = { { .fd = 0, .events = POLLIN },
			                  { .fd = sigint, .events = POLLIN } };
		ssize_t got;

		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[1].revents && read(sigint, &info, sizeof(info)) == sizeof(info))
			interrupts++;
		if (!polls[0].revents)
			continue;
		got = read(0, line + len, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
	return true;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "threads";
	unsigned number = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	char line[100];
	int sigint;

	args = argv;
	sigint = arrange_sigint(kind);
	handle(SIGUSR1);
	handle(SIGRTMIN);
	if (!strcmp(kind, "deep"))
		return (int)deep(number);
	begin(kind, number);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (next_line(line, sizeof(line), sigint))
		execute_command(line);
	return 0;
}
