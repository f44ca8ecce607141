/* restless KIND: a target of tests/stress/torture.py that gives a tracer no rest. It prints
 * "ready PID" and answers each line that it reads with one line:
 *   check      "checked"
 *   end N      exits with code N
 *   from PID   the process that will send signals: "from"
 *   count      "count NAME=N ..."
 * KIND:
 *   exec         executes itself all the time, from its first thread
 *   exec-thread  the same, from another thread
 *   forks        fork, vfork, clone and pthread_create, all the time; counts children and failures
 *   calls        system calls that sleep for a moment, a thread each; counts calls and EINTR
 *   signals      a thread for each row of `recipients`; counts the signals whose siginfo is right
 *   reader PATH  one thread that reads a file; counts reads
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "small_thread.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(99);
}

static void spawn(void *(*run)(void *), void *arg)
{
	if (!small_thread_start(run, arg))
		fail("pthread_create");
}

static void nap(long us)
{
	struct timespec time = { .tv_nsec = us * 1000 };

	nanosleep(&time, NULL);
}

static void work(unsigned rounds)
{
	for (volatile unsigned i = 0; i < rounds; i++)
		;
}

static void *spin(void *arg)
{
	for (;;) {
		work(200000);
		nap(500);
	}
	return arg;
}

/* exec: the program is given its number as an argument. No line is read while it is executed. */

static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static unsigned programs;
static char *kind;

static void execute(void)
{
	char number[20];

	snprintf(number, sizeof(number), "%u", programs + 1);
	execv("/proc/self/exe", (char *[]){ "restless", kind, number, NULL });
	fail("exec");
}

static void *execute_soon(void *arg)
{
	work(300000);
	pthread_mutex_lock(&reading);
	execute();
	return arg;
}

/* forks */

static atomic_ulong children, failures, threads;

/* In a child. Nobody may trace it. */
static int exit_code(void)
{
	char text[1500];
	int file = open("/proc/self/status", O_RDONLY);
	ssize_t len = read(file, text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = '\0';
	return strstr(text, "\nTracerPid:\t0\n") ? 7 : 8;
}

static void reap(pid_t pid)
{
	int status = 0;

	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 7)
		children++;
	else
		failures++;
}

static void *forks(void *arg)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(exit_code());
		reap(pid);
	}
	return arg;
}

static void *vforks(void *arg)
{
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(7);
		reap(pid);
	}
	return arg;
}

static int clone_child(void *arg)
{
	(void)arg;
	work(20000);
	return 7;
}

/* Children that share the memory, and run beside their parent. */
static void *clones(void *arg)
{
	static char stack[64 << 10] __attribute__((aligned(16)));

	for (;;)
		reap(clone(clone_child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	return arg;
}

static void *brief(void *arg)
{
	work(5000);
	return arg;
}

static void *thread_storm(void *arg)
{
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, brief, NULL) || pthread_join(thread, NULL))
			failures++;
		else
			threads++;
	}
	return arg;
}

/* calls: each row's thread makes the call, and one thread wakes all of them every millisecond. */

struct call {
	const char *name;
	void (*begin)(struct call *call); /* creates what call and wake use, NULL: nothing */
	int (*call)(struct call *call);   /* -1 and errno, as a system call */
	void (*wake)(struct call *call);  /* NULL: it has a timeout */
	int fd, other;
	atomic_int word;
	atomic_ulong made, interrupted;
};

static void begin_pipe(struct call *call)
{
	int ends[2];

	if (pipe(ends))
		fail("pipe");
	call->fd = ends[0];
	call->other = ends[1];
}

static void begin_sockets(struct call *call)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		fail("socketpair");
	call->fd = ends[0];
	call->other = ends[1];
}

static void wake_byte(struct call *call)
{
	if (write(call->other, "", 1) != 1)
		fail("write");
}

static int call_nanosleep(struct call *call)
{
	(void)call;
	return nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static int call_clock_nanosleep(struct call *call)
{
	struct timespec until;

	(void)call;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	return errno ? -1 : 0;
}

static int call_read(struct call *call)
{
	char byte;

	return (int)read(call->fd, &byte, 1);
}

static int call_recv(struct call *call)
{
	char byte;

	return (int)recv(call->fd, &byte, 1, 0);
}

static int drain(struct call *call, int result)
{
	char bytes[64];

	if (result > 0 && read(call->fd, bytes, sizeof(bytes)) < 0)
		return -1;
	return result;
}

static int call_poll(struct call *call)
{
	return drain(call, poll(&(struct pollfd){ .fd = call->fd, .events = POLLIN }, 1, 1000));
}

static int call_poll_forever(struct call *call)
{
	return drain(call, poll(&(struct pollfd){ .fd = call->fd, .events = POLLIN }, 1, -1));
}

static int call_select(struct call *call)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(call->fd, &set);
	return drain(call, select(call->fd + 1, &set, NULL, NULL, NULL));
}

static int call_futex(struct call *call)
{
	int result = (int)syscall(SYS_futex, &call->word, FUTEX_WAIT, call->word, NULL, NULL, 0);

	return result && errno == EAGAIN ? 0 : result;
}

static int call_futex_timed(struct call *call)
{
	int result = (int)syscall(SYS_futex, &call->word, FUTEX_WAIT, call->word,
	                          &(struct timespec){ .tv_nsec = 1000000 }, NULL, 0);

	return result && (errno == EAGAIN || errno == ETIMEDOUT) ? 0 : result;
}

static void wake_futex(struct call *call)
{
	call->word++;
	syscall(SYS_futex, &call->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int call_wait4(struct call *call)
{
	pid_t pid = vfork();
	int status;

	(void)call;
	if (pid == 0) {
		work(100000);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid ? 0 : -1;
}

static int call_wait4_fork(struct call *call)
{
	pid_t pid = fork();
	int result;

	(void)call;
	if (pid == 0) {
		nap(1000);
		_exit(0);
	}
	result = waitpid(pid, NULL, 0) == pid ? 0 : -1;
	while (result && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return result;
}

static socklen_t address(struct call *call, struct sockaddr_un *at)
{
	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(at->sun_path + 1, sizeof(at->sun_path) - 1, "restless-%d-%s", getpid(),
	         call->name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at->sun_path + 1));
}

static void begin_accept(struct call *call)
{
	struct sockaddr_un at;
	socklen_t len = address(call, &at);

	call->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(call->fd, (struct sockaddr *)&at, len) || listen(call->fd, 1000))
		fail("listen");
}

static int call_accept(struct call *call)
{
	int fd = accept(call->fd, NULL, NULL);

	return fd < 0 ? -1 : close(fd);
}

static void wake_accept(struct call *call)
{
	struct sockaddr_un at;
	socklen_t len = address(call, &at);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, (struct sockaddr *)&at, len) && errno != EAGAIN)
		fail("connect");
	close(fd);
}

static void begin_epoll(struct call *call)
{
	begin_pipe(call);
	call->word = epoll_create1(0);
	epoll_ctl(call->word, EPOLL_CTL_ADD, call->fd, &(struct epoll_event){ .events = EPOLLIN });
}

static int call_epoll_wait(struct call *call)
{
	return drain(call, epoll_wait(call->word, &(struct epoll_event){ 0 }, 1, -1));
}

static int call_sigtimedwait(struct call *call)
{
	sigset_t set;
	int result;

	(void)call;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	result = sigtimedwait(&set, NULL, &(struct timespec){ .tv_nsec = 1000000 });
	return result < 0 && errno == EAGAIN ? 0 : result;
}

static void begin_timed_socket(struct call *call)
{
	struct timeval limit = { .tv_sec = 10 };

	begin_sockets(call);
	setsockopt(call->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* The kernel does not restart the calls below "epoll_wait" after a stop of any kind (signal(7), its
 * last section). */
static struct call calls[] = {
	{ .name = "nanosleep", .call = call_nanosleep },
	{ .name = "clock_nanosleep", .call = call_clock_nanosleep },
	{ .name = "read", .begin = begin_pipe, .call = call_read, .wake = wake_byte },
	{ .name = "recv", .begin = begin_sockets, .call = call_recv, .wake = wake_byte },
	{ .name = "poll", .begin = begin_pipe, .call = call_poll, .wake = wake_byte },
	{ .name = "poll_forever",
	  .begin = begin_pipe,
	  .call = call_poll_forever,
	  .wake = wake_byte },
	{ .name = "select", .begin = begin_pipe, .call = call_select, .wake = wake_byte },
	{ .name = "futex", .call = call_futex, .wake = wake_futex },
	{ .name = "futex_timed", .call = call_futex_timed },
	{ .name = "wait4_vfork", .call = call_wait4 },
	{ .name = "wait4", .call = call_wait4_fork },
	{ .name = "accept", .begin = begin_accept, .call = call_accept, .wake = wake_accept },
	{ .name = "epoll_wait", .begin = begin_epoll, .call = call_epoll_wait, .wake = wake_byte },
	{ .name = "sigtimedwait", .call = call_sigtimedwait },
	{ .name = "recv_timed", .begin = begin_timed_socket, .call = call_recv, .wake = wake_byte },
};

static void *make_calls(void *arg)
{
	struct call *call = arg;

	for (;;) {
		if (call->call(call) >= 0)
			call->made++;
		else if (errno == EINTR)
			call->interrupted++;
		else
			fail(call->name);
	}
	return NULL;
}

static void *wake_all(void *arg)
{
	for (;;) {
		nap(1000);
		for (size_t i = 0; i < COUNT(calls); i++)
			if (calls[i].wake)
				calls[i].wake(&calls[i]);
	}
	return arg;
}

/* signals: each recipient unblocks its own signals. The values of each signal are 0, 1, 2 ... */

static const struct recipient {
	int real_time; /* SIGRTMIN + this; the sender sends many without waiting */
	int ordinary;
	bool waits; /* it waits by sigwaitinfo, and has no handler */
} recipients[] = {
	{ 0, SIGUSR1, false },
	{ 1, SIGUSR2, false },
	{ 2, SIGHUP, false },
	{ 3, SIGWINCH, true },
};

static atomic_int tids[COUNT(recipients)];
static pid_t sender;
static atomic_ulong received[65], wrong, interrupted_waits, faults, wrong_faults;
static _Thread_local sigjmp_buf after_fault;
static _Thread_local void *bad_address;

static void take(int tid, const siginfo_t *info)
{
	int number = info->si_signo;
	bool mine = false;

	for (size_t i = 0; i < COUNT(recipients); i++)
		if (number == SIGRTMIN + recipients[i].real_time ||
		    number == recipients[i].ordinary)
			mine = tid == tids[i];
	if (!mine || info->si_code != SI_QUEUE || info->si_pid != sender || info->si_errno ||
	    info->si_uid != getuid() || (unsigned long)info->si_value.sival_int != received[number])
		wrong++;
	received[number]++;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	take(gettid(), info);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code != SEGV_MAPERR || info->si_addr != bad_address)
		wrong_faults++;
	siglongjmp(after_fault, 1);
}

/* Reads unmapped addresses, of which the kernel tells the signal's handler. */
static void *fault_forever(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (volatile unsigned i = 0;; i++) {
		bad_address = (char *)NULL + 16 + i % 3000;
		if (!sigsetjmp(after_fault, 1)) {
			(void)*(volatile char *)bad_address;
			wrong_faults++; /* there was none */
		}
		faults++;
		if (i % 50 == 0)
			nap(1000);
	}
	return arg;
}

static void *receive(void *arg)
{
	const struct recipient *me = arg;
	siginfo_t info;
	sigset_t set;

	tids[me - recipients] = gettid();
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + me->real_time);
	sigaddset(&set, me->ordinary);
	if (!me->waits) {
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		spin(NULL);
	}
	for (;;) {
		if (sigwaitinfo(&set, &info) > 0)
			take(gettid(), &info);
		else
			interrupted_waits++;
	}
	return NULL;
}

static void begin_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
		                    .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	for (size_t i = 0; i < COUNT(recipients); i++) {
		sigaction(SIGRTMIN + recipients[i].real_time, &action, NULL);
		sigaction(recipients[i].ordinary, &action, NULL);
		spawn(receive, (void *)&recipients[i]);
		while (!tids[i])
			nap(1000);
	}
	spawn(fault_forever, NULL);
}

static void print_signals(void)
{
	printf(" wrong=%lu interrupted_waits=%lu faults=%lu wrong_faults=%lu", wrong,
	       interrupted_waits, faults, wrong_faults);
	for (size_t i = 0; i < COUNT(recipients); i++)
		printf(" tid%zu=%d rt%zu=%lu ordinary%zu=%lu", i, tids[i], i,
		       received[SIGRTMIN + recipients[i].real_time], i,
		       received[recipients[i].ordinary]);
}

/* reader */

static atomic_ulong reads;

static void *read_file(void *arg)
{
	char text[100];

	for (;;) {
		int file = open(arg, O_RDONLY);

		if (file >= 0 && read(file, text, sizeof(text)) > 0)
			reads++;
		close(file);
		nap(1000);
	}
	return NULL;
}

static void begin(const char *argument)
{
	if (!strcmp(kind, "exec") || !strcmp(kind, "exec-thread")) {
		programs = argument ? (unsigned)atoi(argument) : 0;
		spawn(spin, NULL);
		spawn(spin, NULL);
		if (!strcmp(kind, "exec-thread"))
			spawn(execute_soon, NULL);
	} else if (!strcmp(kind, "forks")) {
		spawn(forks, NULL);
		spawn(vforks, NULL);
		spawn(clones, NULL);
		spawn(thread_storm, NULL);
	} else if (!strcmp(kind, "calls")) {
		for (size_t i = 0; i < COUNT(calls); i++) {
			if (calls[i].begin)
				calls[i].begin(&calls[i]);
			spawn(make_calls, &calls[i]);
		}
		spawn(wake_all, NULL);
	} else if (!strcmp(kind, "signals")) {
		begin_signals();
	} else {
		spawn(read_file, (void *)argument);
		spawn(spin, NULL);
	}
}

static void print_counts(void)
{
	printf("count programs=%u children=%lu threads=%lu failures=%lu reads=%lu", programs,
	       children, threads, failures, reads);
	for (size_t i = 0; i < COUNT(calls) && !strcmp(kind, "calls"); i++)
		printf(" %s=%lu %s_eintr=%lu", calls[i].name, calls[i].made, calls[i].name,
		       calls[i].interrupted);
	if (!strcmp(kind, "signals"))
		print_signals();
	printf("\n");
}

/* Executes one line, if there is one within so many ms. */
static void execute_line(int ms)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	char line[100];
	size_t len = 0;

	if (poll(&input, 1, ms) <= 0)
		return;
	while (len + 1 < sizeof(line) && (!len || line[len - 1] != '\n')) {
		ssize_t got = read(0, line + len, 1);

		if (got == 0)
			_exit(0);
		len += got > 0;
	}
	line[len] = '\0';
	if (!strncmp(line, "end ", 4))
		_exit(atoi(line + 4));
	if (!strncmp(line, "from ", 5))
		sender = atoi(line + 5);
	if (!strncmp(line, "count", 5))
		print_counts();
	else
		printf("%s\n", !strncmp(line, "check", 5) ? "checked" : "from");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	kind = argc > 1 ? argv[1] : "forks";
	pthread_mutex_lock(&reading);
	begin(argc > 2 ? argv[2] : NULL);
	if (!programs) {
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
	}
	pthread_mutex_unlock(&reading);
	for (;;) {
		pthread_mutex_lock(&reading);
		execute_line(0);
		if (!strcmp(kind, "exec")) {
			work(300000);
			execute();
		}
		pthread_mutex_unlock(&reading);
		nap(1000);
	}
}
