/* pmp: shows where a process spends its time, or why it hangs. This file finds the command in the
 * command line and runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands/commands.h"
#include "cli/help/completion.h"
#include "cli/help/help.h"
#include "cli/help/man_page.h"
#include "cli/help/version.h"
#include "cli/options/command_table.h"
#include "cli/options/option_parser.h"
#include "cli/os/output_file.h"
#include "cli/os/pager.h"
#include "cli/os/signals.h"
#include "cli/os/terminal.h"
#include "cli/top/top.h"
#include "merger/base/buf.h"
#include "merger/base/printable.h"
#include "merger/base/suggest.h"

/* After `pmp ... >&-` the next file that is opened would become descriptor 1, and pmp would print
 * into it. So missing descriptors from 0 to 2 become /dev/null, read-only: printing to it fails, so
 * that a lost result is an error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* True if `word`, which is not a command, is a file; then *err suggests commands for it. */
static bool report_file(const char *word, struct error *err)
{
	struct printable printable;
	struct stat file;

	if (stat(word, &file) != 0 || !S_ISREG(file.st_mode))
		return false;
	printable_name(&printable, word);
	if (access(word, X_OK) == 0)
		error_set(err, ERROR_USAGE,
		          "'%s' is no command; to sample that program: pmp run %s%s",
		          printable.text, strchr(word, '/') ? "" : "./", printable.text);
	else
		error_set(err, ERROR_USAGE,
		          "'%s' is no command; pmp show %s prints a profile, pmp fold %s reads "
		          "gdb's text",
		          printable.text, printable.text, printable.text);
	return true;
}

static bool report_unknown_command(const char *word, struct error *err)
{
	struct printable printable;
	struct suggestion hint = { .word = span_of(word) };
	struct buf all = { 0 };
	const struct command *command;
	size_t digits = strspn(word, "0123456789,");

	if (digits && !word[digits])
		return error_set(err, ERROR_USAGE,
		                 "'%s' is no command; to sample that process: pmp -p %s",
		                 printable_name(&printable, word), printable.text);
	if (report_file(word, err))
		return false;
	for (size_t i = 0; (command = command_at(i)); i++)
		suggest_try(&hint, span_of(command->name));
	command_list(~0u, &all);
	error_set(err, ERROR_USAGE, "'%s' is no command%s; there are %.*s; see pmp --help",
	          printable_name(&printable, word), suggest_text(&hint, ""),
	          SPAN_ARG(buf_span(&all)));
	buf_deinit(&all);
	return false;
}

/* The function of each command, in cli/commands, cli/top or cli/help. false: *err has the reason.
 * The code of *err is the exit code in both cases. */
static bool (*const command_functions[COMMAND_COUNT])(const struct options *options,
                                                      struct error *err) = {
	[COMMAND_ID_RECORD] = cmd_record, [COMMAND_ID_RUN] = cmd_record,
	[COMMAND_ID_TOP] = cmd_top,       [COMMAND_ID_DUMP] = cmd_dump,
	[COMMAND_ID_FOLD] = cmd_fold,     [COMMAND_ID_SHOW] = cmd_show,
	[COMMAND_ID_MERGE] = cmd_merge,   [COMMAND_ID_DIFF] = cmd_diff,
	[COMMAND_ID_HELP] = cmd_help,     [COMMAND_ID_COMPLETION] = cmd_completion,
	[COMMAND_ID_MAN] = cmd_man,
};

static bool run_command_line(int argc, char **argv, struct error *err)
{
	const struct command *command = command_at(0);
	bool named = argc > 1 && argv[1][0] != '-';
	struct options options;
	bool ok;

	if (named) {
		command = command_by_name(argv[1]);
		if (!command)
			return report_unknown_command(argv[1], err);
	}
	ok = options_parse(&options, command, argc - named, argv + named, err);
	terminal_set_colours(options.colours);
	if (options.no_pager)
		pager_disable();
	if (ok && options.help)
		help_print(named ? command : NULL, stdout);
	else if (ok)
		ok = options.version ? version_print(&options, err)
		                     : command_functions[command_id(command)](&options, err);
	options_deinit(&options);
	return ok;
}

int main(int argc, char **argv)
{
	static char standard_output[64 << 10];
	struct error err = { 0 };

	fill_standard_descriptors();
	/* stdio does not keep the reason of a failed write. A result that fits into this buffer is
	 * written by output_file_finish_stdout, which reports the reason. */
	setvbuf(stdout, standard_output, _IOFBF, sizeof(standard_output));
	signals_ignore_sigpipe_sigxfsz();
	if (!run_command_line(argc, argv, &err) && !err.code)
		error_set(&err, ERROR_FAILED,
		          "failed, and no reason was given; this is a bug of pmp");
	output_file_finish_stdout(&err);
	/* An error without a text is silent: the reader of a pipe has closed it. */
	if (err.text[0])
		fprintf(stderr, "pmp: %s\n", err.text);
	return (int)err.code;
}
