#include "cli/top/save.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands/report.h"

/* If a gdb's pipe stayed open here, that gdb would not notice the end of pmp. */
static void close_inherited(int fd)
{
	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit((int)ERROR_OUTPUT);
	closefrom(3);
}

static _Noreturn void run_child(struct profile_builder *builder, const struct options *options,
                                int fd)
{
	struct error err = { 0 };
	struct profile *profile;

	close_inherited(fd);
	profile = profile_builder_finish(builder);
	if (!report_profile(options, profile, &err) && !err.code)
		error_set(&err, ERROR_OUTPUT, "it cannot be written");
	if (err.code && write(STDOUT_FILENO, err.text, strlen(err.text)) < 0)
		_exit((int)ERROR_OUTPUT);
	_exit((int)err.code);
}

bool top_save_begin(struct top_save *save, struct profile_builder *builder,
                    const struct options *options, const char *path, struct error *err)
{
	struct options quiet = *options;
	int ends[2];

	quiet.output = path;
	quiet.quiet = true;
	if (!strcmp(path, "-"))
		return error_set(err, ERROR_USAGE, "'-' is the screen: give a file's name");
	if (!report_check(&quiet, err))
		return false;
	if (pipe2(ends, O_CLOEXEC))
		return error_set(err, ERROR_FAILED, "no pipe to write it: %s", strerror(errno));
	save->pid = fork();
	if (save->pid == 0)
		run_child(builder, &quiet, ends[1]);
	close(ends[1]);
	save->fd = ends[0];
	if (save->pid > 0)
		return true;
	close(ends[0]);
	*save = (struct top_save){ 0 };
	return error_set(err, ERROR_FAILED, "no process to write it: %s", strerror(errno));
}

bool top_save_done(struct top_save *save, bool wait, struct error *err)
{
	char text[sizeof(err->text)] = "";
	ssize_t len;
	int status;
	pid_t ended;

	do
		ended = waitpid(save->pid, &status, wait ? 0 : WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (!ended)
		return false;
	len = read(save->fd, text, sizeof(text) - 1);
	close(save->fd);
	*save = (struct top_save){ 0 };
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		error_set(err, ERROR_OUTPUT, "%s", text[0] ? text : "its writer was ended");
	return true;
}
