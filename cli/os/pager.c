#include "cli/os/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/os/terminal.h"

static bool disabled;

void pager_disable(void)
{
	disabled = true;
}

/* The command that the environment names; NULL: none. */
static const char *find_pager(void)
{
	const char *command = getenv("PMP_PAGER");

	return command ? command : getenv("PAGER");
}

bool pager_wanted(void)
{
	const char *command = find_pager();

	return !disabled && terminal_is_tty(stdout) && !terminal_is_dumb() &&
	       tcgetpgrp(STDOUT_FILENO) == getpgrp() &&
	       !(command && (!*command || !strcmp(command, "cat")));
}

/* The columns of the character or escape sequence at c; *bytes is its length. */
static unsigned measure_character(const char *c, size_t left, size_t *bytes)
{
	*bytes = 1;
	if (*c == '\x1b' && left > 1 && c[1] == '[') {
		for (*bytes = 2; *bytes < left && (c[*bytes] < '@' || c[*bytes] > '~');)
			++*bytes;
		++*bytes;
		return 0;
	}
	while (*bytes < left && ((unsigned char)c[*bytes] & 0xc0) == 0x80)
		++*bytes;
	return 1;
}

/* One row of the screen is kept free for the shell's prompt. */
static bool fits_screen(struct span text)
{
	unsigned width = terminal_width(stdout), height = terminal_height(stdout);
	unsigned rows = 1, column = 0;
	size_t bytes;

	for (; text.len && rows <= height; text = span_skip(text, bytes)) {
		unsigned columns = measure_character(text.ptr, text.len, &bytes);

		if (*text.ptr == '\n' || column + columns > width) {
			rows++;
			column = 0;
		}
		column += *text.ptr == '\n' ? 0 : columns;
	}
	return rows <= height;
}

/* Runs in the child process. */
static void exec_pager(int text_fd)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ };
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	const char *command = find_pager();

	/* If pmp is killed, a pager that waits for a key must end too. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &dfl, NULL);
	setenv("LESS", "FRX", 0);
	if (dup2(text_fd, STDIN_FILENO) < 0)
		_exit(127);
	if (command)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		execlp("less", "less", "-FRX", (char *)NULL);
	_exit(127);
}

/* The pager may close the pipe early; that is no error. */
static void write_to_pager(int fd, struct span text)
{
	while (text.len) {
		ssize_t len = write(fd, text.ptr, text.len);

		if (len < 0 && errno != EINTR)
			return;
		text = span_skip(text, len < 0 ? 0 : (size_t)len);
	}
}

/* false: the pager could not be run. */
static bool run_pager_on(struct span text)
{
	int pipe_fds[2], status = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid)
		exec_pager(pipe_fds[0]);
	close(pipe_fds[0]);
	if (pid > 0)
		write_to_pager(pipe_fds[1], text);
	close(pipe_fds[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* The shell exits with 126 or 127 if it cannot run the command. */
	return pid > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) >= 126);
}

void pager_show(struct span text)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction interrupt, quit;
	bool shown = false;

	fflush(stdout);
	if (!fits_screen(text)) {
		/* Ctrl-C and Ctrl-\ are for the pager. */
		sigaction(SIGINT, &ignore, &interrupt);
		sigaction(SIGQUIT, &ignore, &quit);
		shown = run_pager_on(text);
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
	}
	if (!shown)
		fwrite(text.ptr, 1, text.len, stdout);
}
