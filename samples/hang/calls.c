/* Programs that sleep in system calls, for pmp dump: `calls CASE`. Each prints its pid, and ends
 * after a minute. `calls CASE try` ends before it sleeps: with 0 if the case is possible here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool only_try;
static pid_t first_process;

static void ready(void)
{
	if (only_try)
		exit(0);
	printf("%d\n", (int)getpid());
	fflush(stdout);
}

static void fail(void)
{
	perror("calls");
	exit(1);
}

static struct timespec in_a_minute(clockid_t clock)
{
	struct timespec ret;

	clock_gettime(clock, &ret);
	ret.tv_sec += 60;
	return ret;
}

/* A child that runs `end` when its parent has ended. */
static void watch_parent(void (*end)(void))
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() == first_process)
		sigwait(&set, &number);
	end();
	_exit(0);
}

static char folder[] = "/tmp/pmp-calls-XXXXXX", fifo[64];

static void remove_fifo(void)
{
	unlink(fifo);
	rmdir(folder);
}

static void open_fifo(const char *name, int flags)
{
	if (!mkdtemp(folder) || chdir(folder))
		fail();
	snprintf(fifo, sizeof(fifo), "%s/%s", folder, name);
	if (mkfifo(fifo, 0600))
		fail();
	if (!fork())
		watch_parent(remove_fifo);
	usleep(100000);
	ready();
	open(flags == O_RDONLY ? fifo : name, flags);
}

static void fifo_read(void)
{
	open_fifo("in", O_RDONLY);
}

/* A relative path. */
static void fifo_write(void)
{
	open_fifo("out", O_WRONLY);
}

static void nothing(void)
{
}

/* A FUSE file system whose server never answers, in a mount namespace of its own. */
static void fuse(void)
{
	char options[128];
	struct stat status;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("box:/export", "/mnt", "fuse.silent", 0, options))
		fail();
	prctl(PR_SET_NAME, "server"); /* the child has the name from its first moment on */
	if (!fork())
		watch_parent(nothing);
	prctl(PR_SET_NAME, "calls");
	close(fd);
	ready();
	stat("/mnt/../mnt/shared/file", &status);
}

static int ipc_id;

static void remove_semaphore(void)
{
	semctl(ipc_id, 0, IPC_RMID);
}

static void remove_queue(void)
{
	msgctl(ipc_id, IPC_RMID, NULL);
}

/* Another process has taken the semaphore. */
static void semaphore_set(void)
{
	struct sembuf take = { .sem_num = 1, .sem_op = -1 };

	ipc_id = semget(IPC_PRIVATE, 2, 0600);
	if (ipc_id < 0 || semctl(ipc_id, 1, SETVAL, 1))
		fail();
	if (!fork()) {
		prctl(PR_SET_NAME, "taker");
		semop(ipc_id, &take, 1);
		watch_parent(remove_semaphore);
	}
	usleep(200000);
	ready();
	while (semop(ipc_id, &take, 1) && errno == EINTR)
		;
}

static void message_queue(void)
{
	struct {
		long type;
		char text[8];
	} message;

	ipc_id = msgget(IPC_PRIVATE, 0600);
	if (ipc_id < 0)
		fail();
	if (!fork())
		watch_parent(remove_queue);
	usleep(100000);
	ready();
	msgrcv(ipc_id, &message, sizeof(message.text), 0, 0);
}

static void posix_queue(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	char name[32], text[8];
	int queue;

	snprintf(name, sizeof(name), "pmp-%d", (int)getpid());
	queue = (int)syscall(SYS_mq_open, name, O_CREAT | O_EXCL | O_RDONLY, 0600, &attributes);
	if (queue < 0 || syscall(SYS_mq_unlink, name))
		fail();
	ready();
	syscall(SYS_mq_timedreceive, queue, text, sizeof(text), NULL, NULL);
}

static void signal_wait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	/* A stop interrupts it (signal(7)). */
	while (sigwaitinfo(&set, NULL) < 0)
		;
}

static void poll_sleep(void)
{
	ready();
	poll(NULL, 0, 60000);
}

static void select_sleep(void)
{
	struct timeval time = { .tv_sec = 60 };

	ready();
	select(0, NULL, NULL, NULL, &time);
}

/* The system call itself: most C libraries call clock_nanosleep. */
static void plain_nanosleep(void)
{
	const struct timespec time = { .tv_sec = 60 };

	ready();
	syscall(SYS_nanosleep, &time, NULL);
}

static void short_sleeps(void)
{
	ready();
	for (;;)
		usleep(500000);
}

static void absolute_sleep(void)
{
	struct timespec until = in_a_minute(CLOCK_REALTIME);

	ready();
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

static void timed_semaphore(void)
{
	struct timespec until = in_a_minute(CLOCK_REALTIME);
	sem_t never;

	sem_init(&never, 0, 0);
	ready();
	/* A stop interrupts it in some C libraries. */
	while (sem_timedwait(&never, &until) && errno == EINTR)
		;
}

static void timed_condition(void)
{
	struct timespec until = in_a_minute(CLOCK_REALTIME);
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	ready();
	pthread_cond_timedwait(&never, &mutex, &until);
}

static unsigned word;

static void wait_until(void)
{
	struct timespec until = in_a_minute(CLOCK_MONOTONIC);

	ready();
	syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, 1);
}

static void wait_for(void)
{
	const struct timespec time = { .tv_sec = 60 };

	ready();
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time);
}

/* Bytes 10 to 29 of a file, of which another process has locked some. */
static void lock_range(int set, int wait)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 20 };
	char path[] = "/tmp/pmp-calls-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		fail();
	if (!fork()) {
		int own = open(path, O_RDWR);

		prctl(PR_SET_NAME, "locker");
		fcntl(own, set, &lock);
		watch_parent(nothing);
	}
	usleep(200000);
	unlink(path);
	ready();
	fcntl(fd, wait, &lock);
}

static void file_range(void)
{
	lock_range(F_SETLK, F_SETLKW);
}

static void open_file_range(void)
{
	lock_range(F_OFD_SETLK, F_OFD_SETLKW);
}

static void io_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		fail();
	ready();
	while (syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
	       errno == EINTR)
		;
}

static void inotify(void)
{
	int fd = inotify_init();
	char event[512];

	if (fd < 0 || inotify_add_watch(fd, "/", IN_DELETE_SELF) < 0)
		fail();
	ready();
	while (read(fd, event, sizeof(event)) < 0 && errno == EINTR)
		;
}

static void wait_pidfd(void)
{
	enum { ID_DESCRIPTOR = 3 }; /* P_PIDFD */
	siginfo_t info;
	pid_t child = fork();
	int fd;

	if (!child) {
		prctl(PR_SET_NAME, "nurse");
		watch_parent(nothing);
	}
	fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (fd < 0)
		fail();
	usleep(100000);
	ready();
	syscall(SYS_waitid, ID_DESCRIPTOR, fd, &info, WEXITED, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "fifo-read", fifo_read },
	{ "fifo-write", fifo_write },
	{ "fuse", fuse },
	{ "semop", semaphore_set },
	{ "msgrcv", message_queue },
	{ "mq", posix_queue },
	{ "sigwait", signal_wait },
	{ "poll-sleep", poll_sleep },
	{ "select-sleep", select_sleep },
	{ "nanosleep", plain_nanosleep },
	{ "usleep", short_sleeps },
	{ "clock-absolute", absolute_sleep },
	{ "sem-timed", timed_semaphore },
	{ "cond-timed", timed_condition },
	{ "futex-absolute", wait_until },
	{ "futex-relative", wait_for },
	{ "setlkw", file_range },
	{ "ofd", open_file_range },
	{ "io-uring", io_uring },
	{ "inotify", inotify },
	{ "pidfd", wait_pidfd },
};

int main(int argc, char **argv)
{
	alarm(60);
	only_try = argc == 3;
	first_process = getpid();
	for (size_t i = 0; argc >= 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	fputs("usage: calls CASE [try]; there are", stderr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fprintf(stderr, " %s", cases[i].name);
	fputs("\n", stderr);
	return 2;
}
