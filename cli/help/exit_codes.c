#include "cli/help/exit_codes.h"

static const struct exit_code rows[] = {
	{ "0", "done" },
	{ "1", "failed otherwise" },
	{ "2", "the command line is wrong" },
	{ "3", "no such process, or it ended before the first sample" },
	{ "4", "not permitted to trace the process" },
	{ "5", "no usable gdb" },
	{ "6", "the process is traced by another" },
	{ "7", "a deadline passed" },
	{ "8", "an input file is bad" },
	{ "9", "output cannot be written" },
	{ "130", "after Ctrl-C; results are written" },
	{ "128+N", "after SIGTERM or SIGHUP; results are written" },
	{ 0 },
};

struct exit_code exit_code_at(size_t i)
{
	return rows[i];
}
