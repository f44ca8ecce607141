#include "cli/proc/process_title.h"

#include <stdio.h>
#include <string.h>

#include "cli/proc/process.h"

#define CMDLINE_MAX 4096

void process_title_read(uint32_t pid, struct command_name *ret)
{
	struct process_stat stat;
	struct buf text = { 0 };

	*ret = (struct command_name){ 0 };
	if (process_stat(pid, 0, &stat) && !strchr("DZX", stat.state) &&
	    process_read(pid, "cmdline", CMDLINE_MAX, &text))
		command_name_parse(buf_span(&text), ret);
	buf_deinit(&text);
}

void process_title_label(uint32_t pid, char *ret, size_t len)
{
	struct process_stat stat;
	struct command_name title;

	process_title_read(pid, &title);
	if (title.title[0] || title.command[0])
		snprintf(ret, len, "%s", title.title[0] ? title.title : title.command);
	else
		snprintf(ret, len, "%s", process_stat(pid, 0, &stat) ? stat.comm : "?");
}
