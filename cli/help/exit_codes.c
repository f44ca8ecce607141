#include "cli/help/exit_codes.h"

static const struct exit_code rows[] = {
	{ "0", "success" },
	{ "1", "any other failure" },
	{ "2", "error in the command line" },
	{ "3", "no such process, or it ended before the first sample" },
	{ "4", "no permission to trace the process" },
	{ "5", "no usable gdb" },
	{ "6", "another program traces the process" },
	{ "7", "a timeout expired" },
	{ "8", "an input file is invalid" },
	{ "9", "output cannot be written" },
	{ "130", "ended by Ctrl-C; results are written" },
	{ "128+N", "ended by SIGTERM or SIGHUP (signal N); results are written" },
	{ 0 },
};

struct exit_code exit_code_at(size_t i)
{
	return rows[i];
}
