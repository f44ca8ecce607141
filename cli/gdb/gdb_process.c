#include "cli/gdb/gdb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/gdb/agent_bundle.h"
#include "cli/os/clock.h"
#include "cli/os/packed_bytes.h"
#include "cli/os/signals.h"
#include "merger/base/buf.h"

/* Large, so that gdb rarely waits for pmp to read while the target is stopped. */
#define PIPE_BYTES (1 << 20)
#define FIRST_FREE_FD 5
#define READ_BYTES 65536
#define REAP_MS 1000 /* how long to wait for the end of a killed gdb */

/* If gdb does not have a setting yet, it prints an error line and goes on. */
static const char *const gdb_args[] = {
	"-nx",  "-q",
	"-iex", "set auto-load off",
	"-iex", "set debuginfod enabled off",
	"-iex", "set confirm off",
	"-iex", "set pagination off",
	"-iex", "set width 0",
	"-iex", "set height 0",
	"-iex", "set style enabled off",
	"-iex", "set history save off",
	"-iex", "set prompt",
};

#define ARG_COUNT (sizeof(gdb_args) / sizeof(*gdb_args))

/* gdb's environment is this and PATH. HOME is a directory without a .gdbinit of a user. */
static const char *const gdb_env[] = { "HOME=/", "SHELL=/bin/sh", "TERM=dumb", "LC_ALL=C" };

#define ENV_COUNT (sizeof(gdb_env) / sizeof(*gdb_env))

/* false: errno gives the reason. */
static bool is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return !access(path, X_OK);
	errno = EACCES;
	return false;
}

static char *find_on_path(const char *name)
{
	const char *dirs = getenv("PATH");
	char path[4096];

	if (!dirs || !*dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t len = strcspn(dirs, ":");

		snprintf(path, sizeof(path), "%.*s/%s", len ? (int)len : 1, len ? dirs : ".", name);
		if (is_program(path))
			return realpath(path, NULL);
		if (!dirs[len])
			return NULL;
		dirs += len + 1;
	}
}

/* A name without a slash is looked for in the current directory, then on PATH. */
static char *find_named(const char *name, struct error *err)
{
	char *path = realpath(name, NULL);
	int why;

	if (!path && *name && !strchr(name, '/'))
		path = find_on_path(name);
	if (path && is_program(path))
		return path;
	why = errno;
	if (path)
		error_set(err, ERROR_GDB, "%s is not a program that can be run; check --gdb", name);
	else
		error_set(err, ERROR_GDB, "no gdb at %s: %s; check --gdb", name, strerror(why));
	free(path);
	errno = why;
	return NULL;
}

char *gdb_process_find(const char *name, struct error *err)
{
	char *path;

	if (name)
		return find_named(name, err);
	path = find_on_path("gdb");
	if (!path)
		error_set(err, ERROR_GDB,
		          "no gdb on PATH: install it (apt install gdb, dnf install gdb, "
		          "apk add gdb), or name one with --gdb");
	return path;
}

/* Pipes and files of one start; -1: not open. All numbers are above those that the child gets (0
 * to 4). */
struct start_fds {
	int commands[2], text[2];
	int null, agent;
};

static int move_up(int fd)
{
	int up;

	if (fd < 0 || fd >= FIRST_FREE_FD)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	close(fd);
	return up;
}

static bool open_pipe(int ret[2])
{
	if (pipe2(ret, O_CLOEXEC)) {
		ret[0] = ret[1] = -1;
		return false;
	}
	ret[0] = move_up(ret[0]);
	ret[1] = move_up(ret[1]);
	return ret[0] >= 0 && ret[1] >= 0;
}

static bool write_whole(int fd, struct span text)
{
	while (text.len) {
		ssize_t put = write(fd, text.ptr, text.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		text = span_skip(text, (size_t)put);
	}
	return true;
}

static int open_agent(void)
{
	int fd = move_up(memfd_create("pmp-agent", MFD_CLOEXEC));
	struct buf bundle = { 0 };

	packed_bytes_unpack(pmp_agent, pmp_agent_len, &bundle);
	if (fd >= 0 && !write_whole(fd, buf_span(&bundle))) {
		close(fd);
		fd = -1;
	}
	buf_deinit(&bundle);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static void close_start_fds(const struct start_fds *p)
{
	const int fds[] = { p->commands[0], p->commands[1], p->text[0],
		            p->text[1],     p->null,        p->agent };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool open_start_fds(struct start_fds *p, bool agent)
{
	*p = (struct start_fds){ { -1, -1 }, { -1, -1 }, -1, -1 };
	if (!open_pipe(p->commands) || !open_pipe(p->text))
		return false;
	if (!agent)
		return true;
	p->null = move_up(open("/dev/null", O_WRONLY | O_CLOEXEC));
	p->agent = open_agent();
	return p->null >= 0 && p->agent >= 0;
}

/* Between fork and exec: only async-signal-safe calls. The parent does not wait for the exec,
 * because another process may stop the child before it. If the exec fails, the caller reads the
 * reason as gdb's output. */
static _Noreturn void run_child(const char *gdb, bool agent, const struct start_fds *p, char **argv,
                                char **envp)
{
	setsid();
	dup2(p->commands[0], STDIN_FILENO);
	dup2(agent ? p->null : p->text[1], STDOUT_FILENO);
	dup2(p->text[1], STDERR_FILENO);
	if (agent) {
		dup2(p->text[1], 3);
		dup2(p->agent, 4);
	} else {
		close(3);
		close(4);
	}
#ifdef SYS_close_range
	/* gdb does not inherit descriptors that pmp got from its own parent. */
	syscall(SYS_close_range, FIRST_FREE_FD, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
#endif
	if (chdir("/"))
		_exit(127);
	signals_child();
	execve(gdb, argv, envp);
	dprintf(STDERR_FILENO, GDB_PROCESS_NOT_RUN "%s\n", strerror(errno));
	_exit(127);
}

static void fill_arguments(const char *gdb, char *path, char **argv, char **envp)
{
	size_t n = 0;

	argv[n++] = (char *)gdb;
	for (size_t i = 0; i < ARG_COUNT; i++)
		argv[n++] = (char *)gdb_args[i];
	argv[n] = NULL;
	n = 0;
	envp[n++] = path;
	for (size_t i = 0; i < ENV_COUNT; i++)
		envp[n++] = (char *)gdb_env[i];
	envp[n] = NULL;
}

bool gdb_process_start(const char *gdb, bool agent, struct gdb_process *ret, struct error *err)
{
	const char *path_value = getenv("PATH");
	char *argv[ARG_COUNT + 2], *envp[ENV_COUNT + 2];
	char path[4096];
	struct start_fds p;
	int why;

	*ret = (struct gdb_process){ -1, -1, -1 };
	snprintf(path, sizeof(path), "PATH=%s", path_value ? path_value : "/usr/bin:/bin");
	fill_arguments(gdb, path, argv, envp);
	if (!open_start_fds(&p, agent) || (ret->pid = fork()) < 0) {
		why = errno;
		error_set(err, ERROR_FAILED, "cannot start %s: %s", gdb, strerror(why));
		close_start_fds(&p);
		errno = why;
		return false;
	}
	if (ret->pid == 0)
		run_child(gdb, agent, &p, argv, envp);
	ret->commands = p.commands[1];
	ret->text = p.text[0];
	p.commands[1] = p.text[0] = -1;
	close_start_fds(&p);
	fcntl(ret->commands, F_SETFL, O_NONBLOCK);
	fcntl(ret->text, F_SETFL, O_NONBLOCK);
	fcntl(ret->text, F_SETPIPE_SZ, PIPE_BYTES);
	return true;
}

bool gdb_process_send(const struct gdb_process *gdb, struct span commands)
{
	while (commands.len) {
		ssize_t put = write(gdb->commands, commands.ptr, commands.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == EPIPE;
		commands = span_skip(commands, (size_t)put);
	}
	return true;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

enum gdb_process_output gdb_process_read(struct gdb_process *gdb, struct buf *ret)
{
	ssize_t got;

	do
		got = read(gdb->text, buf_reserve(ret, READ_BYTES), READ_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return GDB_PROCESS_QUIET;
	if (got <= 0) {
		close_fd(&gdb->text);
		return GDB_PROCESS_CLOSED;
	}
	ret->len += (size_t)got;
	return GDB_PROCESS_READ;
}

void gdb_process_signal(const struct gdb_process *gdb, int number)
{
	if (number == SIGKILL)
		kill(-gdb->pid, SIGKILL);
	kill(gdb->pid, number); /* before its setsid it has no group of its own */
}

bool gdb_process_reap(const struct gdb_process *gdb, int *status)
{
	siginfo_t info = { .si_pid = 0 };
	pid_t ended;

	/* Until it is reaped its process group cannot be another process's. */
	if (!waitid(P_PID, (id_t)gdb->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
		kill(-gdb->pid, SIGKILL);
	do
		ended = waitpid(gdb->pid, status, WNOHANG);
	while (ended < 0 && errno == EINTR);
	return ended != 0;
}

void gdb_process_close_commands(struct gdb_process *gdb)
{
	close_fd(&gdb->commands);
}

void gdb_process_close(struct gdb_process *gdb)
{
	close_fd(&gdb->commands);
	close_fd(&gdb->text);
}

void gdb_process_end(struct gdb_process *gdb)
{
	int status;

	gdb_process_signal(gdb, SIGKILL);
	for (int i = 0; i < REAP_MS && !gdb_process_reap(gdb, &status); i++)
		usleep(1000);
	gdb_process_close(gdb);
}

/* false: take_line has returned false. */
static bool pass_lines(struct buf *text, bool (*take_line)(void *ctx, struct span line), void *ctx)
{
	size_t done = 0;
	bool more = true;

	while (more && done < text->len) {
		struct span line = span_skip(buf_span(text), done);
		const char *end = memchr(line.ptr, '\n', line.len);

		if (!end)
			break;
		line.len = (size_t)(end - line.ptr);
		more = take_line(ctx, line);
		done += line.len + 1;
	}
	buf_consume(text, done);
	return more;
}

enum gdb_process_answer gdb_process_ask(struct gdb_process *gdb, struct span commands,
                                        uint64_t deadline,
                                        bool (*take_line)(void *ctx, struct span line), void *ctx)
{
	struct pollfd poll_fd = { .fd = gdb->text, .events = POLLIN };
	enum gdb_process_answer ret = GDB_PROCESS_TIMEOUT;
	struct timespec wait;
	struct buf text = { 0 };

	if (!gdb_process_send(gdb, commands))
		return GDB_PROCESS_ENDED;
	for (uint64_t now; (now = clock_now_us()) < deadline;) {
		ppoll(&poll_fd, 1, clock_wait(now, deadline, &wait), NULL);
		if (gdb_process_read(gdb, &text) == GDB_PROCESS_CLOSED ||
		    text.len > GDB_PROCESS_LINE_MAX)
			ret = GDB_PROCESS_ENDED;
		else if (!pass_lines(&text, take_line, ctx))
			ret = GDB_PROCESS_ANSWERED;
		if (ret != GDB_PROCESS_TIMEOUT)
			break;
	}
	buf_deinit(&text);
	return ret;
}
