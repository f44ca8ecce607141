#include "cli/proc/process_list.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "merger/base/escape.h"
#include "cli/proc/process.h"

#define NAME_MAX_SHOWN 60
#define COMMAND_LINE_MAX 512

/* Turns "/usr/bin/python3\0app.py\0--port\080\0" into "python3 app.py --port 80". */
static void add_command_line(struct span words, struct buf *ret)
{
	size_t program = strnlen(words.ptr, words.len);
	const char *slash = memrchr(words.ptr, '/', program);
	struct buf text = { 0 };

	if (slash)
		words = span_skip(words, (size_t)(slash + 1 - words.ptr));
	while (words.len && !words.ptr[words.len - 1])
		words.len--;
	buf_add_span(&text, words);
	for (size_t i = 0; i < text.len; i++)
		if (!text.ptr[i])
			text.ptr[i] = ' ';
	escape_add_text(ret, buf_span(&text));
	buf_deinit(&text);
}

static void add_list_name(uint32_t pid, const struct process_stat *stat, struct buf *ret)
{
	struct buf words = { 0 };

	/* Reading the command line of a process in uninterruptible sleep can block forever. */
	if (stat->state != 'D' && process_read(pid, "cmdline", COMMAND_LINE_MAX, &words) &&
	    words.len)
		add_command_line(buf_span(&words), ret);
	if (!ret->len)
		escape_add_text(ret, span_of(stat->comm));
	buf_deinit(&words);
	if (ret->len <= NAME_MAX_SHOWN)
		return;
	ret->len = NAME_MAX_SHOWN;
	while (ret->len && ((unsigned char)ret->ptr[ret->len] & 0xc0) == 0x80)
		ret->len--;
}

static void print_process(uint32_t pid, FILE *out)
{
	struct process_status status;
	struct process_stat stat;
	struct buf name = { 0 };

	if (pid == (uint32_t)getpid() || !process_stat(pid, 0, &stat) || stat.kernel_thread ||
	    stat.state == 'Z')
		return;
	if (geteuid() && (!process_status(pid, 0, &status) || status.uid != geteuid()))
		return;
	add_list_name(pid, &stat, &name);
	fprintf(out, "%u\t%.*s\n", pid, SPAN_ARG(name));
	buf_deinit(&name);
}

void process_list_print(FILE *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint32_t pid;

	while (proc && (entry = readdir(proc)))
		if (process_entry_number(entry->d_name, &pid))
			print_process(pid, out);
	if (proc)
		closedir(proc);
}
