/* fake_gdb: the test program itself, started as gdb. It answers pmp's commands (cli/gdb/worker.h),
 * traces the target while it takes a sample, and fails in the way that the name of its link means.
 * main() calls fake_gdb_main first.
 *
 * Behaviours; "later" is from sample FAKE_GDB_FROM on:
 *
 *	good		takes every sample
 *	refuses		ptrace is not permitted
 *	odd		samples fail, for no reason that pmp knows
 *	fails		samples fail later, the gdb goes on
 *	hangs		gives no answer to a sample; ends when its input does
 *	dies		leaves the target stopped, and dies of SIGKILL, once, later
 *	always-dies	dies in its first sample
 *	dies-at-end	leaves the target stopped, and dies, when its input ends
 *	holds		traces the target from the first sample on; does not end by itself
 *	stopped		somebody stops the target in a sample, once, later
 *	kills		the target is killed, later
 *	no-python	a gdb without Python; for --attach plain it is good
 *	no-gdb		another program: ends at once
 *	guarded-NAME	as NAME, and says that it attaches by itself (no_seize) */
#ifndef PMP_FAKE_GDB_H
#define PMP_FAKE_GDB_H

#include "subject.h"

#define FAKE_GDB_FROM 3

struct fake_gdb {
	const char *name;
	bool guarded;
	pid_t target; /* that it traces; 0: none */
	pid_t pid;    /* of the last sample */
	bool has_stopped;
};

static inline void fake_gdb_attach(struct fake_gdb *gdb, pid_t pid)
{
	if (!gdb->target && !ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		gdb->target = pid;
}

static inline void fake_gdb_detach(struct fake_gdb *gdb)
{
	int status;

	if (!gdb->target)
		return;
	ptrace(PTRACE_INTERRUPT, gdb->target, NULL, NULL);
	while (waitpid(gdb->target, &status, __WALL) < 0 && errno == EINTR)
		;
	ptrace(PTRACE_DETACH, gdb->target, NULL, NULL);
	gdb->target = 0;
}

static inline bool fake_gdb_is(const struct fake_gdb *gdb, const char *name)
{
	return !strcmp(gdb->name, name);
}

static inline void fake_gdb_answer(const char *format, pid_t pid, unsigned long sample)
{
	char text[512], with_pid[32], with_sample[32];
	size_t len = 0;

	/* @: the pid, $: the sample's number. */
	snprintf(with_pid, sizeof(with_pid), "%d", pid);
	snprintf(with_sample, sizeof(with_sample), "%lu", sample);
	for (const char *at = format; *at; at++) {
		const char *part = *at == '@' ? with_pid : *at == '$' ? with_sample : NULL;

		if (part)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", part);
		else
			text[len++] = *at;
	}
	if (write(3, text, len) < 0)
		_exit(0);
}

/* false: an answer was given. */
static inline bool fake_gdb_may_attach(const struct fake_gdb *gdb, pid_t pid)
{
	struct process_status status = { 0 };

	process_status((uint32_t)pid, 0, &status);
	if (fake_gdb_is(gdb, "odd"))
		fake_gdb_answer("~pmp error verb=sample why=odd\n", 0, 0);
	else if (fake_gdb_is(gdb, "refuses") || (status.tracer && !gdb->target))
		fake_gdb_answer("~pmp error verb=sample why=ptrace:%20not%20permitted\n", 0, 0);
	else
		return true;
	return false;
}

/* As a gdb that attaches by itself may leave it, or as somebody else stops it. */
static inline void fake_gdb_die(struct fake_gdb *gdb, pid_t pid)
{
	fake_gdb_detach(gdb);
	if (pid)
		kill(pid, SIGSTOP);
	raise(SIGKILL);
}

/* It is killed, and dead before pmp gets an answer. */
static inline void fake_gdb_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	while (process_life((uint32_t)pid, 0) == PROCESS_ALIVE)
		usleep(1000);
}

static inline void fake_gdb_hang(void)
{
	char text[512];

	while (fgets(text, sizeof(text), stdin))
		;
	_exit(0);
}

/* false: an answer was given. */
static inline bool fake_gdb_try(struct fake_gdb *gdb, pid_t pid, unsigned long sample)
{
	if (fake_gdb_is(gdb, "always-dies"))
		raise(SIGKILL);
	if (fake_gdb_is(gdb, "hangs"))
		fake_gdb_hang();
	if (sample < FAKE_GDB_FROM)
		return true;
	if (fake_gdb_is(gdb, "dies") && sample == FAKE_GDB_FROM)
		fake_gdb_die(gdb, pid);
	if (fake_gdb_is(gdb, "fails")) {
		fake_gdb_detach(gdb);
		fake_gdb_answer("~pmp error verb=sample why=odd\n", pid, sample);
	} else if (fake_gdb_is(gdb, "kills")) {
		fake_gdb_kill(pid);
		fake_gdb_answer("~pmp error verb=sample why=gone\n", pid, sample);
	} else {
		return true;
	}
	return false;
}

static inline void fake_gdb_sample(struct fake_gdb *gdb, pid_t pid, unsigned long sample)
{
	if (!fake_gdb_may_attach(gdb, pid))
		return;
	gdb->pid = pid;
	fake_gdb_attach(gdb, pid);
	if (!fake_gdb_try(gdb, pid, sample))
		return;
	if (!fake_gdb_is(gdb, "holds"))
		fake_gdb_detach(gdb);
	if (fake_gdb_is(gdb, "stopped") && sample >= FAKE_GDB_FROM && !gdb->has_stopped) {
		gdb->has_stopped = true;
		kill(pid, SIGSTOP);
	}
	fake_gdb_answer("~pmp begin sample=$ pid=@ time_us=1\nThread 1 (LWP @ \"x\"):\n"
	                "#0  0x1 in f ()\n~pmp end sample=$ pid=@ pause_us=100\n",
	                pid, sample);
}

/* One of the agent's commands, as attach_mode.c has them. */
static inline void fake_gdb_python(struct fake_gdb *gdb, const char *line)
{
	unsigned long number = 0;
	int pid = 0;

	if (!strncmp(line, "exec(", 5))
		fake_gdb_answer(gdb->guarded
		                        ? "~pmp hello gdb=13.1 python=3.11.2 no_seize=a%20reason\n"
		                        : "~pmp hello gdb=13.1 python=3.11.2\n",
		                0, 0);
	else if (sscanf(line, "pmp(\"warm\", %d", &pid) == 1)
		fake_gdb_answer("~pmp warm pid=@\n", pid, 0);
	else if (sscanf(line, "pmp(\"sample\", %d, %lu", &pid, &number) == 2)
		fake_gdb_sample(gdb, pid, number);
}

/* A command of gdb's own, for --attach plain. */
static inline void fake_gdb_plain(const char *line)
{
	if (!strncmp(line, "echo ", 5)) {
		for (const char *at = line + 5; *at; at++)
			if (*at == '\\' && at[1] == 'n')
				putchar((at++, '\n'));
			else if (*at != '\n')
				putchar(*at);
	} else if (!strncmp(line, "show version", 12)) {
		puts("GNU gdb (Debian 13.1-3) 13.1");
	} else if (!strncmp(line, "thread apply", 12)) {
		puts("\nThread 1 (LWP 1 \"x\"):\n#0  0x1 in f ()");
	} else if (!strncmp(line, "python ", 7)) {
		puts("Python scripting is not supported in this copy of GDB.");
	}
	fflush(stdout);
}

/* Does not return if the program was started as gdb. */
static inline void fake_gdb_main(int argc, char **argv)
{
	struct fake_gdb gdb = { .name = strrchr(argv[0], '/') };
	char *line = NULL;
	size_t cap = 0;

	if (argc < 2 || strcmp(argv[1], "-nx") || !gdb.name++)
		return;
	gdb.guarded = !strncmp(gdb.name, "guarded-", 8);
	gdb.name += gdb.guarded ? 8 : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fake_gdb_is(&gdb, "no-gdb"))
		_exit(0);
	if (fake_gdb_is(&gdb, "no-python"))
		dup2(STDERR_FILENO, STDOUT_FILENO);
	while (getline(&line, &cap, stdin) > 0)
		if (!strncmp(line, "python ", 7) && !fake_gdb_is(&gdb, "no-python"))
			fake_gdb_python(&gdb, line + 7);
		else
			fake_gdb_plain(line);
	if (fake_gdb_is(&gdb, "dies-at-end"))
		fake_gdb_die(&gdb, gdb.pid);
	if (fake_gdb_is(&gdb, "holds"))
		subject_sleep_for_ever();
	fake_gdb_detach(&gdb);
	_exit(0);
}

/* Links the test program under this name; the path is valid until the next call. */
static inline const char *fake_gdb_link(const char *name)
{
	static char path[4096];
	const char *folder = getenv("TMPDIR");
	char exe[4096];

	process_link((uint32_t)getpid(), "exe", exe, sizeof(exe));
	snprintf(path, sizeof(path), "%s/fake-gdb-XXXXXX", folder ? folder : "/tmp");
	assert_non_null(mkdtemp(path));
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
	assert_int_equal(symlink(exe, path), 0);
	return path;
}

static inline void fake_gdb_unlink(const char *path)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	unlink(path);
	rmdir(folder);
}

#endif
