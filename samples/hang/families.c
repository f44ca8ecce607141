/* Families of processes, for pmp dump: `families CASE`. Each prints the pid of the process to dump,
 * and ends after a minute, with its children. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 4

extern char **environ;

static struct {
	char *start;
	size_t len;
} title_area;

static void ready(pid_t pid)
{
	usleep(200000);
	printf("%d\n", (int)pid);
	fflush(stdout);
}

/* argv and the environment follow each other on the stack; a title may use all of it, as that of
 * setproctitle() does. */
static void find_title_area(int argc, char **argv)
{
	char *end = argv[0];

	for (int i = 0; i < argc; i++)
		if (argv[i] == end)
			end += strlen(argv[i]) + 1;
	for (char **word = environ; *word; word++)
		if (*word == end)
			end += strlen(*word) + 1;
	title_area.start = argv[0];
	title_area.len = (size_t)(end - argv[0]);
}

static void set_title(const char *title)
{
	memset(title_area.start, 0, title_area.len);
	strncpy(title_area.start, title, title_area.len - 1);
}

/* 0: in the child, which ends with its parent. */
static pid_t start_child(const char *name)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		exit(1);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(1);
	prctl(PR_SET_NAME, name);
	return 0;
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

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		exit(1);
	return fd;
}

/* A connection whose other end sends nothing. */
static int silent_peer(void)
{
	struct sockaddr_in address;
	int listener = loopback(&address), fd = connect_to(&address);

	if (accept(listener, NULL, NULL) < 0)
		exit(1);
	return fd;
}

static void serve(int listener)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;)
		epoll_wait(epoll, &event, 1, -1);
}

static void fetch(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, 0) < 0)
		exit(1);
}

static void burn(double seconds)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 <
	       seconds);
}

static void supervise(void)
{
	for (;;) {
		struct timeval second = { .tv_sec = 1 };

		select(0, NULL, NULL, NULL, &second);
	}
}

/* A master that sleeps in select, idle workers, and the last worker, which runs
 * `last`; NULL: it is idle, too. */
static void start_workers(void (*last)(int), const char *title)
{
	struct sockaddr_in address;
	int listener = loopback(&address), silent = silent_peer();

	for (int i = 0; i < WORKERS; i++) {
		if (start_child("worker"))
			continue;
		set_title("families: worker");
		if (i + 1 < WORKERS || !last)
			serve(listener);
		if (title)
			set_title(title);
		last(silent);
	}
	set_title("families: master");
	ready(getpid());
	supervise();
}

/* One of four workers waits for a silent peer. */
static void prefork(void)
{
	start_workers(fetch, NULL);
}

static void burn_all(int unused)
{
	(void)unused;
	burn(60);
}

/* One of four workers uses a CPU. */
static void prefork_busy(void)
{
	start_workers(burn_all, NULL);
}

/* All workers wait for clients. */
static void prefork_idle(void)
{
	start_workers(NULL, NULL);
}

static void stand(int unused)
{
	(void)unused;
	for (;;)
		pause();
}

/* The title of one worker says that it waits for a lock, as PostgreSQL's do. */
static void prefork_title(void)
{
	start_workers(stand, "postgres: app db [local] UPDATE waiting");
}

/* A child that has ended; its parent waits for a silent peer. */
static void zombie_child(void)
{
	int silent = silent_peer();

	if (!start_child("short"))
		exit(0);
	ready(getpid());
	fetch(silent);
}

static void read_from(int fd)
{
	char byte;

	if (read(fd, &byte, 1) < 0)
		exit(1);
}

/* A pipe whose writer was stopped by a signal. */
static void stopped_writer(void)
{
	int ends[2];

	if (pipe(ends))
		exit(1);
	if (!start_child("writer")) {
		close(ends[0]);
		raise(SIGSTOP);
		pause();
	}
	close(ends[1]);
	ready(getpid());
	read_from(ends[0]);
}

/* a reads what b writes, b what c writes, and c waits for a silent peer. */
static void chain(void)
{
	int first[2], second[2];

	if (pipe(first) || pipe(second))
		exit(1);
	if (!start_child("middle")) {
		close(first[0]);
		close(second[1]);
		read_from(second[0]);
	} else if (!start_child("last")) {
		close(first[0]);
		close(first[1]);
		close(second[0]);
		fetch(silent_peer());
	}
	close(first[1]);
	close(second[0]);
	close(second[1]);
	ready(getpid());
	read_from(first[0]);
}

/* A lock on a file, held by a child that waits for a silent peer. */
static void lock_in_child(void)
{
	char path[64];
	int fd, told[2];

	snprintf(path, sizeof(path), "/tmp/pmp-families-%d", (int)getpid());
	if (pipe(told))
		exit(1);
	if (!start_child("keeper")) {
		fd = open(path, O_RDWR | O_CREAT, 0600);
		flock(fd, LOCK_EX);
		close(told[0]);
		close(told[1]);
		fetch(silent_peer());
	}
	close(told[1]);
	if (read(told[0], &(char){ 0 }, 1) < 0)
		exit(1);
	fd = open(path, O_RDWR);
	unlink(path);
	ready(getpid());
	flock(fd, LOCK_EX);
}

/* Requests every 10 ms, each of which needs 8 ms of a CPU. */
static void server_80(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct sockaddr_in address;
	int epoll = epoll_create1(0), listener = loopback(&address);

	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	ready(getpid());
	for (;;) {
		epoll_wait(epoll, &event, 1, 2);
		burn(0.008);
	}
}

/* The same for a call that waits for nothing but a peer. */
static void reader_80(void)
{
	struct sockaddr_in address;
	int listener = loopback(&address), fd = connect_to(&address);
	struct timespec pause = { .tv_nsec = 2000000 };

	if (!start_child("client")) {
		int peer = accept(listener, NULL, NULL);

		for (;;) {
			nanosleep(&pause, NULL);
			if (send(peer, "x", 1, 0) != 1 || recv(peer, &(char){ 0 }, 1, 0) != 1)
				exit(1);
		}
	}
	ready(getpid());
	for (;;) {
		fetch(fd);
		burn(0.008);
		if (send(fd, "x", 1, 0) != 1)
			exit(1);
	}
}

/* The other end of a unix socket, stopped. */
static void stopped_unix(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		exit(1);
	if (!start_child("answerer")) {
		close(ends[0]);
		raise(SIGSTOP);
		pause();
	}
	close(ends[1]);
	ready(getpid());
	fetch(ends[0]);
}

/* The other end of a pty, a child that waits for a silent peer. */
static void pty_child(void)
{
	int control, terminal;

	if (openpty(&control, &terminal, NULL, NULL, NULL))
		exit(1);
	if (!start_child("shell")) {
		close(control);
		dup2(terminal, 0);
		fetch(silent_peer());
	}
	close(terminal);
	ready(getpid());
	read_from(control);
}

/* A FIFO that a child has open for writing; the child is in a system call of its own. */
static void fifo_child(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/pmp-families-%d", (int)getpid());
	if (mkfifo(path, 0600))
		exit(1);
	if (!start_child("feeder")) {
		if (open(path, O_WRONLY) < 0)
			exit(1);
		fetch(silent_peer());
	}
	fd = open(path, O_RDONLY);
	unlink(path);
	ready(getpid());
	read_from(fd);
}

/* It waits for a child, which waits for a silent peer. */
static void child_recv(void)
{
	pid_t pid = start_child("getter");

	if (!pid)
		fetch(silent_peer());
	ready(getpid());
	waitpid(pid, NULL, 0);
}

static volatile int wants[2];

/* Lets the other one go first. */
static void *be_polite(void *other)
{
	int me = other ? 1 : 0;

	wants[me] = 1;
	while (wants[!me])
		usleep(1000);
	wants[me] = 0;
	return NULL;
}

/* Two threads that wait politely for each other: they run, and nothing is done. */
static void livelock(void)
{
	pthread_t thread;

	wants[1] = 1;
	if (pthread_create(&thread, NULL, be_polite, NULL))
		exit(1);
	ready(getpid());
	be_polite(&thread);
}

/* A server that accepts a client and never answers it. */
static void no_answer(void)
{
	struct sockaddr_in address;
	int listener = loopback(&address);

	if (!start_child("server")) {
		if (accept(listener, NULL, NULL) < 0)
			exit(1);
		serve(listener);
	}
	close(listener);
	listener = connect_to(&address);
	ready(getpid());
	fetch(listener);
}

/* It polls the output of a child that was stopped by a signal, as subprocess.run does. */
static void poll_stopped(void)
{
	int ends[2];
	struct pollfd wanted = { .events = POLLIN };

	if (pipe(ends))
		exit(1);
	if (!start_child("tool")) {
		close(ends[0]);
		raise(SIGSTOP);
		pause();
	}
	close(ends[1]);
	ready(getpid());
	wanted.fd = ends[0];
	poll(&wanted, 1, -1);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "prefork", prefork },
	{ "prefork-busy", prefork_busy },
	{ "prefork-idle", prefork_idle },
	{ "prefork-title", prefork_title },
	{ "zombie-child", zombie_child },
	{ "stopped-writer", stopped_writer },
	{ "stopped-unix", stopped_unix },
	{ "chain", chain },
	{ "lock-in-child", lock_in_child },
	{ "server-80", server_80 },
	{ "reader-80", reader_80 },
	{ "pty-child", pty_child },
	{ "fifo-child", fifo_child },
	{ "child-recv", child_recv },
	{ "no-answer", no_answer },
	{ "livelock", livelock },
	{ "poll-stopped", poll_stopped },
};

int main(int argc, char **argv)
{
	alarm(60);
	find_title_area(argc, argv);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	fputs("usage: families CASE; there are", stderr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fprintf(stderr, " %s", cases[i].name);
	fputs("\n", stderr);
	return 2;
}
