/* stopped KIND [NUMBER]: the target of tests/agent/test_thread_stops.py. The target is a child, as
 * a tracer must not be its parent: a parent's wait(2) is another one. It prints "ready PID". The
 * parent prints "it stopped", "it continued" and at last "it ended STATUS". At SIGTERM "calls" and
 * "signals" print their report, a line each, and end. KIND:
 *   spin       NUMBER threads run, the main one too
 *   sleep      NUMBER threads sleep, the main one too
 *   headless   NUMBER threads run, the main one has ended
 *   churn      threads come and go
 *   exec       executes itself again and again; NUMBER 1: a thread other than the main one does;
 *              2: once, at SIGUSR1
 *   vfork      waits for its vfork child: state D, until the child is killed
 *   nap        prints how many milliseconds a sleep of one second has lasted, and ends
 *   calls      a thread for each row of `calls`, which blocks in it:
 *              "NAME RESTARTS RETURNS EINTRS"
 *   signals    one thread spins and takes signals, another one causes SIGSEGV:
 *              "signal NUMBER CODE PID VALUE" of each, in order; "faults CAUSED TAKEN WRONG" */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "small_thread.h"

#define SIGNALS_MAX 200000

static void start(void *(*run)(void *), void *arg)
{
	if (!small_thread_start(run, arg)) {
		printf("no thread\n");
		exit(99);
	}
}

static void ready(void)
{
	printf("ready %d\n", getpid());
	fflush(stdout);
}

static void *spin(void *arg)
{
	for (volatile unsigned long i = 0;;)
		i++;
	return arg;
}

static void *sleep_long(void *arg)
{
	for (;;)
		sleep(1000);
	return arg;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* System calls that block for ever. They return -1 and set errno. */

static int empty_pipe[2], full_pipe[2], listener, silent[2], timed[2], epoll, locked, semaphores;
static int messages, epoll_timed;
static pid_t child;

static int call_pause(void)
{
	return pause();
}

static int call_nanosleep(void)
{
	struct timespec time = { .tv_sec = 1000 };

	return nanosleep(&time, NULL);
}

static int call_clock_nanosleep(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += 1000;
	errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
	return errno ? -1 : 0;
}

static int wait_futex(const struct timespec *timeout)
{
	static unsigned word;

	return (int)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, timeout, NULL, 0);
}

static int call_futex(void)
{
	return wait_futex(NULL);
}

static int call_futex_timeout(void)
{
	struct timespec time = { .tv_sec = 1000 };

	return wait_futex(&time);
}

static int call_read(void)
{
	char byte;

	return (int)read(empty_pipe[0], &byte, 1);
}

static int call_write(void)
{
	return (int)write(full_pipe[1], "", 1);
}

static int call_poll(void)
{
	struct pollfd fd = { .fd = empty_pipe[0], .events = POLLIN };

	return poll(&fd, 1, -1);
}

static int call_poll_timeout(void)
{
	struct pollfd fd = { .fd = empty_pipe[0], .events = POLLIN };

	return poll(&fd, 1, 1000000);
}

static int call_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(empty_pipe[0], &set);
	return select(empty_pipe[0] + 1, &set, NULL, NULL, NULL);
}

static int call_select_timeout(void)
{
	struct timeval time = { .tv_sec = 1000 };

	return select(0, NULL, NULL, NULL, &time);
}

static int call_accept(void)
{
	return accept(listener, NULL, NULL);
}

static int call_recv(void)
{
	char byte;

	return (int)recv(silent[0], &byte, 1, 0);
}

static int call_waitpid(void)
{
	return waitpid(child, NULL, 0);
}

static int call_flock(void)
{
	return flock(locked, LOCK_EX);
}

static int call_msgrcv(void)
{
	struct {
		long type;
		char text[8];
	} message;

	return (int)msgrcv(messages, &message, sizeof(message.text), 0, 0);
}

static int call_epoll_wait(void)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, -1);
}

static int call_epoll_timeout(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_timed, &event, 1, 1000000);
}

static int call_semop(void)
{
	struct sembuf operation = { .sem_op = -1 };

	return semop(semaphores, &operation, 1);
}

static int call_sigtimedwait(void)
{
	struct timespec time = { .tv_sec = 1000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigtimedwait(&set, NULL, &time);
}

static int call_recv_timeout(void)
{
	char byte;

	return (int)recv(timed[0], &byte, 1, 0);
}

/* restarts: signal(7), "Interruption of system calls and library functions by stop signals": does
 * the kernel restart the call after a stop? */
static struct call {
	const char *name;
	int (*run)(void);
	bool restarts;
	atomic_uint returns, interrupted;
} calls[] = {
	{ "pause", call_pause, true, 0, 0 },
	{ "nanosleep", call_nanosleep, true, 0, 0 },
	{ "clock_nanosleep", call_clock_nanosleep, true, 0, 0 },
	{ "futex", call_futex, true, 0, 0 },
	{ "futex-timeout", call_futex_timeout, true, 0, 0 },
	{ "read", call_read, true, 0, 0 },
	{ "write", call_write, true, 0, 0 },
	{ "poll", call_poll, true, 0, 0 },
	{ "poll-timeout", call_poll_timeout, true, 0, 0 },
	{ "select", call_select, true, 0, 0 },
	{ "select-timeout", call_select_timeout, true, 0, 0 },
	{ "accept", call_accept, true, 0, 0 },
	{ "recv", call_recv, true, 0, 0 },
	{ "waitpid", call_waitpid, true, 0, 0 },
	{ "flock", call_flock, true, 0, 0 },
	{ "msgrcv", call_msgrcv, true, 0, 0 },
	{ "epoll_wait", call_epoll_wait, false, 0, 0 },
	{ "epoll_wait-timeout", call_epoll_timeout, false, 0, 0 },
	{ "semop", call_semop, false, 0, 0 },
	{ "sigtimedwait", call_sigtimedwait, false, 0, 0 },
	{ "recv-timeout", call_recv_timeout, false, 0, 0 },
};

#define CALLS (sizeof(calls) / sizeof(*calls))

static void *block(void *arg)
{
	struct call *call = arg;

	prctl(PR_SET_NAME, call->name);
	for (;;) {
		int got = call->run();

		if (got < 0 && errno == EINTR)
			call->interrupted++;
		else
			call->returns++;
	}
	return NULL;
}

static void add_to_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	epoll_ctl(fd, EPOLL_CTL_ADD, empty_pipe[0], &event);
}

/* A child that outlives this process, however it ends, for a moment. */
static void clean_up_at_end(void)
{
	int life[2];
	char byte;

	if (pipe(life))
		exit(99);
	child = fork();
	if (child)
		return;
	setsid();
	close(life[1]);
	if (read(life[0], &byte, 1) == 0) {
		semctl(semaphores, 0, IPC_RMID);
		msgctl(messages, IPC_RMID, NULL);
	}
	_exit(0);
}

static void prepare_calls(void)
{
	char path[] = "/tmp/pmp-test-stopped-XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval time = { .tv_sec = 1000 };
	int other = mkstemp(path);

	locked = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	flock(other, LOCK_EX);
	if (pipe(empty_pipe) || pipe(full_pipe) || socketpair(AF_UNIX, SOCK_STREAM, 0, silent) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, timed))
		exit(99);
	fcntl(full_pipe[1], F_SETFL, O_NONBLOCK);
	while (write(full_pipe[1], path, 1) > 0)
		;
	fcntl(full_pipe[1], F_SETFL, 0);
	setsockopt(timed[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address.sun_family)) ||
	    listen(listener, 1))
		exit(99);
	epoll = epoll_create1(0);
	epoll_timed = epoll_create1(0);
	add_to_epoll(epoll);
	add_to_epoll(epoll_timed);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	messages = msgget(IPC_PRIVATE, 0600);
	clean_up_at_end();
}

static void block_in_calls(void)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	prepare_calls();
	for (size_t i = 0; i < CALLS; i++)
		start(block, &calls[i]);
	ready();
	sigdelset(&set, SIGUSR2);
	sigwait(&set, &number);
	for (size_t i = 0; i < CALLS; i++)
		printf("%s %d %u %u\n", calls[i].name, calls[i].restarts, calls[i].returns,
		       calls[i].interrupted);
	fflush(stdout);
	_exit(0);
}

/* Signals. */

static struct {
	int number, code, pid, value;
} seen[SIGNALS_MAX];
static atomic_uint seen_count;
static atomic_bool over;
static char *page;
static atomic_uint caused, taken, wrong;

static void on_signal(int number, siginfo_t *info, void *context)
{
	unsigned at = seen_count++;

	(void)context;
	if (at >= SIGNALS_MAX)
		_exit(98);
	seen[at].number = number;
	seen[at].code = info->si_code;
	seen[at].pid = info->si_pid;
	seen[at].value = info->si_value.sival_int;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	taken++;
	if (info->si_code != SEGV_ACCERR || info->si_addr != page + 17)
		wrong++;
	mprotect(page, 4096, PROT_READ);
}

static void on_end(int number)
{
	(void)number;
	over = true;
}

static void *cause_faults(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (!over) {
		mprotect(page, 4096, PROT_NONE);
		caused++;
		(void)*(volatile char *)(page + 17);
	}
	return arg;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void take_signals(void)
{
	handle(SIGRTMIN, on_signal);
	handle(SIGRTMIN + 1, on_signal);
	handle(SIGUSR1, on_signal);
	handle(SIGSEGV, on_fault);
	signal(SIGTERM, on_end);
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	start(cause_faults, NULL);
	ready();
	while (!over)
		;
	for (unsigned i = 0; i < seen_count; i++)
		printf("signal %d %d %d %d\n", seen[i].number, seen[i].code, seen[i].pid,
		       seen[i].value);
	usleep(50000); /* the last fault */
	printf("faults %u %u %u\n", caused, taken, wrong);
	fflush(stdout);
	_exit(0);
}

/* The other kinds. */

static void *end(void *arg)
{
	usleep(200);
	return arg;
}

static void churn(void)
{
	pthread_t threads[8];

	ready();
	for (;;) {
		for (size_t i = 0; i < 8; i++)
			if (pthread_create(&threads[i], NULL, end, NULL))
				exit(99);
		for (size_t i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	}
}

static void *execute(void *arg)
{
	char **argv = arg;
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (!strcmp(argv[2], "2"))
		sigwait(&set, &number);
	else
		usleep(500);
	execv("/proc/self/exe", argv);
	_exit(97);
}

static void block_usr1(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The third argument counts the executions. */
static void execute_self(char **argv, bool by_thread)
{
	char count[16];
	char *again[] = { argv[0], argv[1], argv[2], count, NULL };

	snprintf(count, sizeof(count), "%d", argv[3] ? atoi(argv[3]) + 1 : 1);
	if (!argv[3])
		ready();
	else if (!strcmp(argv[2], "2"))
		spin(NULL);
	block_usr1();
	start(spin, NULL);
	if (!by_thread)
		execute(again);
	start(execute, again);
	spin(NULL);
}

static void wait_for_vfork(void)
{
	ready();
	if (!vfork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	spin(NULL);
}

static void nap(void)
{
	uint64_t before;

	ready();
	before = now_ms();
	sleep(1);
	printf("slept %d\n", (int)(now_ms() - before));
}

static void run(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;
	bool runs = !strcmp(kind, "spin") || !strcmp(kind, "headless");

	if (!strcmp(kind, "calls"))
		block_in_calls();
	else if (!strcmp(kind, "signals"))
		take_signals();
	else if (!strcmp(kind, "churn"))
		churn();
	else if (!strcmp(kind, "exec"))
		execute_self(argv, number > 0);
	else if (!strcmp(kind, "vfork"))
		wait_for_vfork();
	else if (!strcmp(kind, "nap"))
		nap();
	else if (!runs && strcmp(kind, "sleep"))
		exit(99);
	if (!strcmp(kind, "nap"))
		return;
	for (int i = 0; i < number; i++)
		start(runs ? spin : sleep_long, NULL);
	ready();
	if (!strcmp(kind, "headless"))
		pthread_exit(NULL);
	(runs ? spin : sleep_long)(NULL);
}

/* Prints what the parent of the target learns of it. */
static int watch(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, WUNTRACED | WCONTINUED) == pid) {
		if (WIFSTOPPED(status))
			printf("it stopped\n");
		else if (WIFCONTINUED(status))
			printf("it continued\n");
		else
			break;
		fflush(stdout);
	}
	printf("it ended %d\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 3) { /* executed again */
		run(argc, argv);
		return 0;
	}
	pid = fork();
	if (pid)
		return watch(pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run(argc, argv);
	return 0;
}
