#include "cli/gdb/gdb_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "cli/gdb/agent_bundle.h"
#include "cli/os/signals.h"

#define PIPE_BYTES (1 << 20) /* so that a gdb seldom waits for us while it holds the target */
#define FIRST_FREE_FD 5

/* A setting that this gdb does not have yet makes it say so, nothing else. */
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

/* All of gdb's environment but PATH. Its home is one in which there is nothing of anybody's. */
static const char *const gdb_env[] = { "HOME=/", "SHELL=/bin/sh", "TERM=dumb", "LC_ALL=C" };

#define ENV_COUNT (sizeof(gdb_env) / sizeof(*gdb_env))

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static char *find_on_path(void)
{
	const char *dirs = getenv("PATH");
	char path[4096];

	if (!dirs || !*dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t len = strcspn(dirs, ":");

		snprintf(path, sizeof(path), "%.*s/gdb", len ? (int)len : 1, len ? dirs : ".");
		if (is_program(path))
			return realpath(path, NULL);
		if (!dirs[len])
			return NULL;
		dirs += len + 1;
	}
}

char *gdb_find(const char *name, struct error *err)
{
	char *path;

	if (!name) {
		path = find_on_path();
		if (!path)
			error_set(err, ERROR_GDB,
			          "no gdb on PATH: install it (apt install gdb, dnf install gdb, "
			          "apk add gdb), or name one with --gdb");
		return path;
	}
	path = realpath(name, NULL);
	if (!path) {
		error_set(err, ERROR_GDB, "no gdb at %s: %s; check --gdb", name, strerror(errno));
		return NULL;
	}
	if (!is_program(path)) {
		error_set(err, ERROR_GDB, "%s is not a program that can be run; check --gdb", name);
		free(path);
		return NULL;
	}
	return path;
}

/* Pipes and files of one start; -1: not open. All are above those that the child gets. */
struct plumbing {
	int commands[2], text[2];
	int null, agent;
};

static int moved_up(int fd)
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
	ret[0] = moved_up(ret[0]);
	ret[1] = moved_up(ret[1]);
	return ret[0] >= 0 && ret[1] >= 0;
}

static int open_agent(void)
{
	int fd = moved_up(memfd_create("pmp-agent", MFD_CLOEXEC));
	size_t done = 0;

	while (fd >= 0 && done < pmp_agent_len) {
		ssize_t put = write(fd, pmp_agent + done, pmp_agent_len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)put;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static void close_all(const struct plumbing *p)
{
	const int fds[] = { p->commands[0], p->commands[1], p->text[0],
		            p->text[1],     p->null,        p->agent };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool open_all(struct plumbing *p, bool agent)
{
	*p = (struct plumbing){ { -1, -1 }, { -1, -1 }, -1, -1 };
	if (!open_pipe(p->commands) || !open_pipe(p->text))
		return false;
	if (!agent)
		return true;
	p->null = moved_up(open("/dev/null", O_WRONLY | O_CLOEXEC));
	p->agent = open_agent();
	return p->null >= 0 && p->agent >= 0;
}

/* Between fork and exec: only what may be called there. Nobody waits for the exec: somebody may stop the child before it.
 * What it says if that fails is told as the last words of a gdb that ended as it started. */
static _Noreturn void child(const char *gdb, bool agent, const struct plumbing *p, char **argv,
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
	/* What pmp itself was started with is nothing for gdb either. */
	syscall(SYS_close_range, FIRST_FREE_FD, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
#endif
	if (chdir("/"))
		_exit(127);
	signals_child();
	execve(gdb, argv, envp);
	dprintf(STDERR_FILENO, "it cannot be run: %s\n", strerror(errno));
	_exit(127);
}

static void fill_words(const char *gdb, char *path, char **argv, char **envp)
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
	struct plumbing p;

	*ret = (struct gdb_process){ -1, -1, -1 };
	snprintf(path, sizeof(path), "PATH=%s", path_value ? path_value : "/usr/bin:/bin");
	fill_words(gdb, path, argv, envp);
	if (!open_all(&p, agent) || (ret->pid = fork()) < 0) {
		error_set(err, ERROR_FAILED, "cannot start %s: %s", gdb, strerror(errno));
		close_all(&p);
		return false;
	}
	if (ret->pid == 0)
		child(gdb, agent, &p, argv, envp);
	ret->commands = p.commands[1];
	ret->text = p.text[0];
	p.commands[1] = p.text[0] = -1;
	close_all(&p);
	fcntl(ret->commands, F_SETFL, O_NONBLOCK);
	fcntl(ret->text, F_SETFL, O_NONBLOCK);
	fcntl(ret->text, F_SETPIPE_SZ, PIPE_BYTES);
	return true;
}
