#include "command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hint.h"
#include "options.h"
#include "output.h"
#include "shown.h"
#include "version.h"

static const struct command commands[] = {
	{
	        .name = "record",
	        .usage = "[record] -p PID[,PID...] [-n SAMPLES] [-r HZ] [-d SECONDS] [OPTION...]",
	        .summary = "sample live processes with gdb (the command if none is named)",
	        .bit = COMMAND_RECORD,
	        .run = cmd_record,
	},
	{
	        .name = "dump",
	        .usage = "dump -p PID[,PID...] | --core CORE [PROGRAM] | FILE... [OPTION...]",
	        .summary = "why does it hang: one look at every thread, and a verdict",
	        .bit = COMMAND_DUMP,
	        .max_operands = SIZE_MAX,
	        .run = cmd_dump,
	},
	{
	        .name = "fold",
	        .usage = "fold [OPTION...] [FILE...]",
	        .summary = "the same from text that a gdb printed: files, .gz too, or stdin",
	        .bit = COMMAND_FOLD,
	        .max_operands = SIZE_MAX,
	        .run = cmd_fold,
	},
	{
	        .name = "show",
	        .usage = "show [OPTION...] PROFILE",
	        .summary = "print a profile (YAML or collapsed stacks) again, in any format",
	        .bit = COMMAND_SHOW,
	        .min_operands = 1,
	        .max_operands = 1,
	        .needs = "show needs a profile; give one: pmp show PROFILE (- is stdin)",
	        .run = cmd_show,
	},
};

const struct command *command_at(size_t i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? &commands[i] : NULL;
}

const struct command *command_by_name(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

/* A file that is opened must not become descriptor 0, 1 or 2 by accident (`pmp ... >&-`): what is
 * printed would end up in it. The stand-in cannot be written to, so that a lost result is an error. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static bool unknown_command(const char *word, struct error *err)
{
	struct shown shown;
	struct hint hint = { .word = word };
	const struct command *command;
	size_t digits = strspn(word, "0123456789,");

	if (digits && !word[digits])
		return error_set(err, ERROR_USAGE,
		                 "'%s' is no command; to sample that process: pmp -p %s",
		                 shown_name(&shown, word), shown.text);
	for (size_t i = 0; (command = command_at(i)); i++)
		hint_try(&hint, command->name);
	return error_set(
	        err, ERROR_USAGE,
	        "'%s' is no command%s%s%s; there are record, dump, fold and show; see pmp --help",
	        shown_name(&shown, word), hint.best ? " (did you mean '" : "",
	        hint.best ? hint.best : "", hint.best ? "'?)" : "");
}

static bool run(int argc, char **argv, struct error *err)
{
	const struct command *command = command_at(0);
	struct options options;
	bool done = false;
	bool ok;

	if (argc > 1 && argv[1][0] != '-') {
		command = command_by_name(argv[1]);
		if (!command)
			return unknown_command(argv[1], err);
		argc--;
		argv++;
	}
	ok = options_parse(&options, command, argc, argv, &done, err);
	if (ok && !done)
		ok = options.version ? version_print(&options, err) : command->run(&options, err);
	options_deinit(&options);
	return ok;
}

int command_main(int argc, char **argv)
{
	static char standard_output[64 << 10];
	struct error err = { 0 };

	fill_standard_descriptors();
	/* A write that fails half-way leaves no reason behind: what is no longer than this is written at the end. */
	setvbuf(stdout, standard_output, _IOFBF, sizeof(standard_output));
	/* A reader that goes away is an error of the write, not the end of pmp half-way. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ,
	       SIG_IGN); /* a limit on files' size is an error of write, as a full disk is */
	if (!run(argc, argv, &err) && !err.code)
		error_set(&err, ERROR_FAILED,
		          "failed, and no reason was given; this is a bug of pmp");
	output_stdout_done(&err);
	/* No text: there is nothing to say (the reader of a pipe went away). */
	if (err.text[0])
		fprintf(stderr, "pmp: %s\n", err.text);
	return (int)err.code;
}
