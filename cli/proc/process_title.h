/* process_title: what a process is called: the title that it has set, or the script that its
 * interpreter runs. Fourteen workers of one program have the same name in /proc/PID/stat. */
#ifndef PMP_PROCESS_TITLE_H
#define PMP_PROCESS_TITLE_H

#include <stdint.h>

#include "merger/base/span.h"

#define PROCESS_TITLE_MAX 120

struct process_title {
	/* "postgres: app db [local] UPDATE waiting": the process has overwritten its arguments;
	 * empty: it has not */
	char title[PROCESS_TITLE_MAX];
	/* "celery worker", "app.py": the script of an interpreter, and its subcommand; empty: it is
	 * no interpreter, or none is known */
	char command[PROCESS_TITLE_MAX];
};

/* cmdline: the content of /proc/PID/cmdline: arguments, a NUL after each. */
void process_title_parse(struct span cmdline, struct process_title *ret);
/* Both are empty for a process in state D, whose cmdline could not be read without waiting. */
void process_title_read(uint32_t pid, struct process_title *ret);
/* The title, or the command, or the name in /proc/PID/stat. "?": no such process. */
void process_title_label(uint32_t pid, char *ret, size_t len);

#endif
