/* Programs that hang, for pmp dump: `hang CASE`. Each prints the pid of the process that hangs (its
 * own or a child's), and ends after a minute. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void ready(pid_t pid)
{
	usleep(200000);
	printf("%d\n", (int)pid);
	fflush(stdout);
}

static void named(const char *name)
{
	prctl(PR_SET_NAME, name);
}

static pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t ret;

	if (pthread_create(&ret, NULL, function, argument))
		exit(1);
	return ret;
}

static void *take_first_second(void *unused)
{
	named("ab");
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&second);
	return unused;
}

static void *take_second_first(void *unused)
{
	named("ba");
	pthread_mutex_lock(&second);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&first);
	return unused;
}

/* Two mutexes, taken in both orders. */
static void deadlock(void)
{
	pthread_t threads[2];

	pthread_barrier_init(&both, NULL, 2);
	threads[0] = start(take_first_second, NULL);
	threads[1] = start(take_second_first, NULL);
	ready(getpid());
	pthread_join(threads[0], NULL);
}

/* A thread locks a mutex that it holds. */
static void again(void)
{
	pthread_mutex_lock(&first);
	ready(getpid());
	pthread_mutex_lock(&first);
}

static int loopback(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) || listen(fd, 5) ||
	    getsockname(fd, (struct sockaddr *)address, &len))
		exit(1);
	return fd;
}

/* A connection whose other end sends nothing. */
static int silent_peer(void)
{
	struct sockaddr_in address;
	int listener = loopback(&address), fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    accept(listener, NULL, NULL) < 0)
		exit(1);
	return fd;
}

static void *receive_locked(void *fd)
{
	char byte;

	named("receiver");
	pthread_mutex_lock(&first);
	pthread_barrier_wait(&both);
	recv(*(int *)fd, &byte, 1, 0);
	return NULL;
}

/* A mutex, held by a thread that waits for a silent peer. */
static void lock_recv(void)
{
	int fd = silent_peer();

	pthread_barrier_init(&both, NULL, 2);
	start(receive_locked, &fd);
	pthread_barrier_wait(&both);
	ready(getpid());
	pthread_mutex_lock(&first);
}

static void *nap(void *unused)
{
	named("napper");
	sleep(60);
	return unused;
}

static void join(void)
{
	pthread_t thread = start(nap, NULL);

	ready(getpid());
	pthread_join(thread, NULL);
}

static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;

static void *write_locked(void *unused)
{
	named("writer");
	pthread_rwlock_wrlock(&shared);
	pthread_barrier_wait(&both);
	sleep(60);
	return unused;
}

/* A reader waits for a writer that sleeps. */
static void rwlock(void)
{
	pthread_barrier_init(&both, NULL, 2);
	start(write_locked, NULL);
	pthread_barrier_wait(&both);
	ready(getpid());
	pthread_rwlock_rdlock(&shared);
}

static void condition(void)
{
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&first);
	ready(getpid());
	pthread_cond_wait(&never, &first);
}

static void semaphore(void)
{
	sem_t never;

	sem_init(&never, 0, 0);
	ready(getpid());
	sem_wait(&never);
}

/* A pipe whose writer is another process. */
static void pipe_read(void)
{
	int fds[2];
	char byte;

	if (pipe(fds))
		exit(1);
	if (!fork()) {
		named("feeder");
		close(fds[0]);
		sleep(60);
		_exit(0);
	}
	close(fds[1]);
	ready(getpid());
	if (read(fds[0], &byte, 1) < 0)
		exit(1);
}

static void tcp(void)
{
	int fd = silent_peer();
	char byte;

	ready(getpid());
	recv(fd, &byte, 1, 0);
}

/* A file lock that another process holds. */
static void file_lock(void)
{
	char path[] = "/tmp/pmp-hang-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		exit(1);
	if (!fork()) {
		int own = open(path, O_RDWR);

		named("keeper");
		flock(own, LOCK_EX);
		sleep(60);
		_exit(0);
	}
	usleep(100000);
	unlink(path);
	ready(getpid());
	flock(fd, LOCK_EX);
}

/* The parent of a vfork waits in state D until its child calls exec. */
static void vforked(void)
{
	pid_t parent = getpid();

	if (!vfork()) {
		named("hesitant");
		ready(parent);
		sleep(60);
		_exit(0);
	}
}

static void zombie(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	ready(child);
	sleep(60);
}

static void child(void)
{
	pid_t pid = fork();

	if (!pid) {
		named("slow");
		sleep(60);
		_exit(0);
	}
	ready(getpid());
	waitpid(pid, NULL, 0);
}

static volatile unsigned long count;

static void spin(void)
{
	alarm(60);
	ready(getpid());
	for (unsigned i = 0;; i++)
		count += i;
}

static pthread_cond_t work = PTHREAD_COND_INITIALIZER;

static void *serve(void *unused)
{
	named("worker");
	pthread_mutex_lock(&first);
	pthread_cond_wait(&work, &first);
	return unused;
}

/* A healthy server without work. */
static void idle(void)
{
	struct sockaddr_in address;
	struct epoll_event event = { .events = EPOLLIN };
	int poll = epoll_create1(0);

	epoll_ctl(poll, EPOLL_CTL_ADD, loopback(&address), &event);
	start(serve, NULL);
	start(serve, NULL);
	ready(getpid());
	/* A stop interrupts epoll_wait even without a handler (signal(7)). */
	while (epoll_wait(poll, &event, 1, -1) < 0 && errno == EINTR)
		;
}

static void napping(void)
{
	ready(getpid());
	sleep(60);
}

static void stopped(void)
{
	pid_t pid = fork();

	if (!pid) {
		sleep(60);
		_exit(0);
	}
	kill(pid, SIGSTOP);
	ready(pid);
	sleep(60);
	kill(pid, SIGKILL);
}

/* Two processes that wait for each other to write first; for pmp dump --children. */
static void two_pipes(void)
{
	int to_child[2], to_parent[2];
	char byte;
	pid_t pid;

	if (pipe(to_child) || pipe(to_parent))
		exit(1);
	pid = fork();
	if (!pid) {
		named("answerer");
		alarm(60);
	}
	close(pid ? to_child[0] : to_child[1]);
	close(pid ? to_parent[1] : to_parent[0]);
	if (pid)
		ready(getpid());
	if (read(pid ? to_parent[0] : to_child[0], &byte, 1) < 0)
		exit(1);
}

/* This case does not hang: it crashes, with a core file if the limits allow it. */
static void crash(void)
{
	*(volatile int *)8 = 1;
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "deadlock", deadlock },   { "again", again },     { "lock-recv", lock_recv },
	{ "join", join },           { "rwlock", rwlock },   { "condition", condition },
	{ "semaphore", semaphore }, { "pipe", pipe_read },  { "tcp", tcp },
	{ "file-lock", file_lock }, { "vfork", vforked },   { "zombie", zombie },
	{ "child", child },         { "spin", spin },       { "idle", idle },
	{ "sleep", napping },       { "stopped", stopped }, { "two-pipes", two_pipes },
	{ "crash", crash },
};

int main(int argc, char **argv)
{
	alarm(60);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	fputs("usage: hang CASE; there are", stderr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fprintf(stderr, " %s", cases[i].name);
	fputs("\n", stderr);
	return 2;
}
