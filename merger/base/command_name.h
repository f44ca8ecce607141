/* command_name: what a process is called by its arguments: the title that it has set, or the script
 * that its interpreter runs. Fourteen workers of one program have the same name in
 * /proc/PID/stat. */
#ifndef PMP_COMMAND_NAME_H
#define PMP_COMMAND_NAME_H

#include "merger/base/span.h"

#define COMMAND_NAME_MAX 120

struct command_name {
	/* "postgres: app db [local] UPDATE waiting": the process has overwritten its arguments;
	 * empty: it has not */
	char title[COMMAND_NAME_MAX];
	/* "celery worker", "app.py": the script of an interpreter, and its subcommand; empty: it is
	 * no interpreter, or none is known */
	char command[COMMAND_NAME_MAX];
};

/* cmdline: arguments, a NUL after each, as in /proc/PID/cmdline. */
void command_name_parse(struct span cmdline, struct command_name *ret);

#endif
