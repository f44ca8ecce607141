/* A command line, whose words are separated by NULs: gives options within their bounds, or a usage
 * error with a printable message. Nothing exits. */
#include "tests/fuzz/oracle.h"

#include <string.h>

#include "cli/options/option_parser.h"

#define WORDS_MAX 64

/* Splits text, which ends in a NUL, into words; argv ends in NULL. */
static int split_words(char *text, size_t size, char **argv)
{
	int argc = 0;

	argv[argc++] = (char *)"pmp";
	for (size_t at = 0; at < size && argc < WORDS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	return argc;
}

static void check_options(const struct options *options, const struct command *command)
{
	CHECK(options->rate_hz >= OPTIONS_RATE_MIN && options->rate_hz <= OPTIONS_RATE_MAX, "%g Hz",
	      options->rate_hz);
	CHECK(options->samples <= OPTIONS_SAMPLES_MAX, "samples");
	CHECK(options->seconds >= 0 && options->seconds <= OPTIONS_SECONDS_MAX, "%g s",
	      options->seconds);
	for (size_t i = 0; i < options->pid_count; i++) {
		CHECK(options->pids[i] && options->pids[i] <= OPTIONS_PID_MAX, "pid %u",
		      options->pids[i]);
		for (size_t j = 0; j < i; j++)
			CHECK(options->pids[i] != options->pids[j], "pid %u twice",
			      options->pids[i]);
	}
	if (options->help || options->version)
		return;
	CHECK(options->operand_count >= command->min_operands &&
	              options->operand_count <= command->max_operands,
	      "%zu words", options->operand_count);
	CHECK(command->bit != COMMAND_RECORD || options->pid_count, "no process");
	CHECK(command->bit != COMMAND_RECORD || options->samples || options->seconds > 0, "no end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS_MAX + 2], *text = calloc(size + 1, 1);
	const struct command *command = command_at(0);
	struct error err = { 0 };
	struct options options;
	int argc, named = 0;

	if (size)
		memcpy(text, data, size);
	argc = split_words(text, size, argv);
	if (argc > 1 && command_by_name(argv[1])) {
		command = command_by_name(argv[1]);
		named = 1;
	}
	if (!options_parse(&options, command, argc - named, argv + named, &err)) {
		oracle_error(&err, ERROR_USAGE);
	} else {
		CHECK(err.code == ERROR_NONE, "%s", err.text);
		check_options(&options, command);
	}
	options_deinit(&options);
	free(text);
	return 0;
}
