#include "cli/help/version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/os/output_file.h"
#include "merger/base/escape.h"
#include "merger/base/printable.h"

#define GDB_DEADLINE_MS 10000
#define GDB_TEXT_MAX (1u << 20)
#define PYTHON_PREFIX "~python "
#define PYTHON_COMMAND "python import sys; print('~python %d.%d.%d' % sys.version_info[:3])"

extern char **environ;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Starts gdb with what it prints on *fd. 0, or an errno. */
static int start(const char *gdb, pid_t *pid, int *fd)
{
	static char *const arguments[] = {
		"gdb", "-nx", "-batch", "-ex", "show version", "-ex", PYTHON_COMMAND, NULL,
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int ends[2];
	int why;

	*pid = -1;
	*fd = -1;
	if (pipe2(ends, O_CLOEXEC))
		return errno;
	/* Its messages are read; and it must not ask a server for symbols. */
	setenv("LC_ALL", "C", 1);
	unsetenv("DEBUGINFOD_URLS");
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	/* Each may find no memory; what gdb prints would be in pmp's own output then. */
	why = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!why)
		why = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (!why)
		why = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	if (!why)
		why = posix_spawnp(pid, gdb, &actions, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(ends[1]);
	if (why)
		close(ends[0]);
	*fd = ends[0];
	return why;
}

/* Reads to the end of the text; false if that does not come in time. */
static bool read_text(int fd, struct buf *text)
{
	long deadline = now_ms() + GDB_DEADLINE_MS;

	while (text->len < GDB_TEXT_MAX) {
		struct pollfd waiting = { .fd = fd, .events = POLLIN };
		long left = deadline - now_ms();
		ssize_t len;

		if (left <= 0 || poll(&waiting, 1, (int)left) <= 0)
			return false;
		len = read(fd, buf_reserve(text, 4096), 4096);
		if (len <= 0)
			return true;
		text->len += (size_t)len;
	}
	return true;
}

/* The first line that begins so; without what it begins with if `cut`. Empty if there is none. */
static struct span find_line(struct span text, struct span prefix, bool cut)
{
	while (text.len) {
		const char *end = memchr(text.ptr, '\n', text.len);
		struct span line = { text.ptr, end ? (size_t)(end - text.ptr) : text.len };

		text = span_skip(text, line.len + 1);
		if (span_starts(line, prefix))
			return cut ? span_skip(line, prefix.len) : line;
	}
	return (struct span){ 0 };
}

static void print_found(const char *gdb, struct span text)
{
	struct span version = find_line(text, SPAN_LIT("GNU gdb"), false);
	struct span python = find_line(text, SPAN_LIT(PYTHON_PREFIX), true);
	struct buf clean = { 0 };
	struct printable shown;

	if (!version.len) {
		printf("gdb: %s does not say that it is gdb; name another with --gdb PATH\n",
		       printable_name(&shown, gdb));
		return;
	}
	escape_add(&clean, version);
	printf("gdb: %.*s\n", SPAN_ARG(buf_span(&clean)));
	buf_clear(&clean);
	escape_add(&clean, python);
	if (python.len)
		printf("gdb's Python: %.*s\n", SPAN_ARG(buf_span(&clean)));
	else
		puts("gdb's Python: none that works; pmp then samples with --attach plain");
	buf_deinit(&clean);
}

bool version_print(const struct options *options, struct error *err)
{
	const char *gdb = options->gdb ? options->gdb : "gdb";
	struct buf text = { 0 };
	struct printable shown;
	pid_t pid;
	int fd, why;

	printf("pmp %s\n", PMP_VERSION);
	why = start(gdb, &pid, &fd);
	if (why) {
		printf("gdb: cannot run %s: %s; install gdb, or name one with --gdb PATH\n",
		       printable_name(&shown, gdb), strerror(why));
		return output_file_finish_stdout(err);
	}
	if (read_text(fd, &text))
		print_found(gdb, buf_span(&text));
	else
		printf("gdb: %s gave no answer within %d s\n", printable_name(&shown, gdb),
		       GDB_DEADLINE_MS / 1000);
	/* By now it has closed its output, or hangs. */
	if (pid > 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(fd);
	buf_deinit(&text);
	return output_file_finish_stdout(err);
}
