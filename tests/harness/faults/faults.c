/* Fault injection: linked into pmp with ld's --wrap (see Makefile), used by faulty.py. The system
 * calls and functions below fail on request.
 *
 *     PMP_FAULT=KIND:N[+][:ERROR]     the N-th call of a kind fails; with +, all later ones as well
 *     PMP_FAULT_LOG=FILE              gets a line for each call that failed
 *
 * Each process has its own counters; a child begins with its parent's counts. ERROR is the name of
 * a row of `errors`. SHORT: half of the requested bytes are read or written. STOP: the process is
 * stopped at the call. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT 9999
#define STOP 9998

/* X(name, its default error) */
#define KINDS(X)                                                                                   \
	X(alloc, ENOMEM)                                                                           \
	X(read, EIO)                                                                               \
	X(write, ENOSPC)                                                                           \
	X(open, EMFILE)                                                                            \
	X(pipe, EMFILE)                                                                            \
	X(fork, EAGAIN)                                                                            \
	X(exec, EACCES)                                                                            \
	X(poll, ENOMEM)                                                                            \
	X(link, EIO)                                                                               \
	X(stat, EIO)                                                                               \
	X(wait, EINTR)

enum kind {
#define X(name, error) KIND_##name,
	KINDS(X)
#undef X
	        KIND_COUNT
};

static const struct {
	const char *name;
	int error;
} kinds[] = {
#define X(name, error) { #name, error },
	KINDS(X)
#undef X
};

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EINTR", EINTR }, { "EIO", EIO },       { "ENOSPC", ENOSPC },
	{ "EPIPE", EPIPE }, { "EAGAIN", EAGAIN }, { "EOPNOTSUPP", EOPNOTSUPP },
	{ "SHORT", SHORT }, { "STOP", STOP },
};

static struct {
	bool on, all_later;
	enum kind kind;
	unsigned long number;
	int error;
	const char *log;
} plan;

static unsigned long seen[KIND_COUNT];

static _Noreturn void reject_plan(const char *text)
{
	fprintf(stderr, "PMP_FAULT: '%s'\n", text);
	_exit(125);
}

/* Calls after pmp's end are not counted: gcov writes its counters then. */
void faults_off(void);
void faults_off(void)
{
	plan.on = false;
}

/* Calls that libc makes before main are not counted: counting begins here. */
__attribute__((constructor)) static void read_plan(void)
{
	const char *text = getenv("PMP_FAULT");
	const char *at;
	char *rest;
	size_t i;

	if (!text)
		return;
	for (i = 0; i < KIND_COUNT; i++)
		if (!strncmp(text, kinds[i].name, strlen(kinds[i].name)) &&
		    text[strlen(kinds[i].name)] == ':')
			break;
	if (i == KIND_COUNT)
		reject_plan(text);
	at = text + strlen(kinds[i].name) + 1;
	plan.kind = (enum kind)i;
	plan.error = kinds[i].error;
	plan.number = strtoul(at, &rest, 10);
	plan.all_later = *rest == '+';
	rest += plan.all_later;
	if (!plan.number || (*rest && *rest != ':'))
		reject_plan(text);
	if (*rest == ':') {
		for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
			if (!strcmp(rest + 1, errors[i].name))
				break;
		if (i == sizeof(errors) / sizeof(errors[0]))
			reject_plan(text);
		plan.error = errors[i].error;
	}
	plan.log = getenv("PMP_FAULT_LOG");
	plan.on = true;
	atexit(faults_off);
}

/* Uses raw system calls: the log must not count as a call, nor allocate memory. */
static void log_fault(void)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s %lu\n", kinds[plan.kind].name, plan.number);
	long fd;

	if (!plan.log)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, plan.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	             0666);
	if (fd < 0)
		return;
	syscall(SYS_write, fd, line, (size_t)len);
	syscall(SYS_close, fd);
}

/* Counts the call. Returns 0, or the error with which it must fail; errno is set then. */
static int count_call(enum kind kind)
{
	unsigned long now;

	if (!plan.on || kind != plan.kind)
		return 0;
	now = ++seen[kind];
	if (now != plan.number && !(plan.all_later && now > plan.number))
		return 0;
	log_fault();
	if (plan.error != SHORT)
		errno = plan.error;
	return plan.error;
}

/* The linker replaces NAME by __wrap_NAME; __real_NAME is the original. */
#define WRAP(type, name, parameters)                                                               \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters

#define PASS(kind, failed, call)                                                                   \
	{                                                                                          \
		return count_call(KIND_##kind) ? (failed) : (call);                                \
	}

WRAP(void *, malloc, (size_t len))
PASS(alloc, NULL, __real_malloc(len))

WRAP(void *, calloc, (size_t count, size_t len))
PASS(alloc, NULL, __real_calloc(count, len))

WRAP(void *, realloc, (void *mem, size_t len))
PASS(alloc, NULL, __real_realloc(mem, len))

static size_t halve_length(size_t len)
{
	return len > 1 ? len / 2 : len;
}

WRAP(ssize_t, read, (int fd, void *to, size_t len))
{
	int error = count_call(KIND_read);

	return error && error != SHORT ? -1 : __real_read(fd, to, error ? halve_length(len) : len);
}

WRAP(ssize_t, write, (int fd, const void *from, size_t len))
{
	int error = count_call(KIND_write);

	return error && error != SHORT ? -1
	                               : __real_write(fd, from, error ? halve_length(len) : len);
}

/* stdio calls this one if libc is linked statically. */
WRAP(ssize_t, __write, (int fd, const void *from, size_t len))
{
	int error = count_call(KIND_write);

	return error && error != SHORT ? -1
	                               : __real___write(fd, from, error ? halve_length(len) : len);
}

WRAP(int, open, (const char *path, int flags, ...))
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	return count_call(KIND_open) ? -1 : __real_open(path, flags, mode);
}

WRAP(int, memfd_create, (const char *name, unsigned flags))
PASS(open, -1, __real_memfd_create(name, flags))

WRAP(DIR *, opendir, (const char *path))
PASS(open, NULL, __real_opendir(path))

WRAP(int, dup, (int fd))
PASS(open, -1, __real_dup(fd))

WRAP(int, pipe2, (int ends[2], int flags))
PASS(pipe, -1, __real_pipe2(ends, flags))

WRAP(int, signalfd, (int fd, const sigset_t *set, int flags))
PASS(pipe, -1, __real_signalfd(fd, set, flags))

WRAP(pid_t, fork, (void))
PASS(fork, -1, __real_fork())

WRAP(int, execve, (const char *path, char *const argv[], char *const envp[]))
{
	int error = count_call(KIND_exec);

	if (error == STOP)
		raise(SIGSTOP);
	return error && error != STOP ? -1 : __real_execve(path, argv, envp);
}

WRAP(int, posix_spawnp,
     (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]))
{
	int error = count_call(KIND_fork);

	return error ? error : __real_posix_spawnp(pid, file, actions, attributes, argv, envp);
}

WRAP(int, poll, (struct pollfd * fds, nfds_t count, int ms))
PASS(poll, -1, __real_poll(fds, count, ms))

WRAP(int, ppoll,
     (struct pollfd * fds, nfds_t count, const struct timespec *wait, const sigset_t *mask))
PASS(poll, -1, __real_ppoll(fds, count, wait, mask))

WRAP(int, linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags))
PASS(link, -1, __real_linkat(from_dir, from, to_dir, to, flags))

WRAP(int, rename, (const char *from, const char *to))
PASS(link, -1, __real_rename(from, to))

WRAP(int, stat, (const char *path, struct stat *ret))
PASS(stat, -1, __real_stat(path, ret))

WRAP(int, fstat, (int fd, struct stat *ret))
PASS(stat, -1, __real_fstat(fd, ret))

WRAP(pid_t, waitpid, (pid_t pid, int *status, int options))
PASS(wait, -1, __real_waitpid(pid, status, options))
