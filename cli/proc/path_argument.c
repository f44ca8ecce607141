#include "cli/proc/path_argument.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/proc/process.h"
#include "cli/proc/target_memory.h"

#define PIECE 256 /* divides the size of a page, so no piece is in two of them */
#define SHOWN 160 /* bytes of a path that are shown */

bool path_argument_read(uint32_t pid, uint64_t address, char ret[static PATH_ARGUMENT_MAX])
{
	size_t len = 0;

	while (len < PATH_ARGUMENT_MAX) {
		size_t piece = PIECE - (size_t)((address + len) % PIECE);

		piece = piece < PATH_ARGUMENT_MAX - len ? piece : PATH_ARGUMENT_MAX - len;
		if (!target_memory_read(pid, address + len, ret + len, piece))
			return false;
		if (memchr(ret + len, '\0', piece))
			return true;
		len += piece;
	}
	return false;
}

void path_argument_show(const char *text, struct buf *ret)
{
	size_t len = strlen(text);

	if (len <= SHOWN)
		buf_printf(ret, "\"%s\"", text);
	else
		buf_printf(ret, "\"%.*s...%s\"", SHOWN / 2, text, text + len - SHOWN / 2);
}

/* Takes the last component off; "/" stays. start: where the path begins in the buffer. */
static void remove_last(struct buf *path, size_t start)
{
	while (path->len > start && path->ptr[path->len - 1] != '/')
		path->len--;
	if (path->len > start)
		path->len--;
}

static void add_components(struct buf *ret, size_t start, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "/");

		if (len == 2 && !memcmp(text, "..", 2)) {
			remove_last(ret, start);
		} else if (len && !(len == 1 && *text == '.')) {
			buf_add_span(ret, SPAN_LIT("/"));
			buf_add(ret, text, len);
		}
		text += len + (text[len] == '/');
	}
}

void path_argument_resolve(uint32_t pid, int32_t folder, const char *text, struct buf *ret)
{
	size_t start = ret->len;

	if (*text != '/') {
		char name[64] = "cwd", base[PATH_ARGUMENT_MAX], root[PATH_ARGUMENT_MAX];
		const char *inside = base;
		size_t len;

		if (folder != AT_FDCWD)
			snprintf(name, sizeof(name), "fd/%" PRId32, folder);
		process_link(pid, name, base, sizeof(base));
		/* The kernel shows the path from pmp's root (proc_pid_root(5)). */
		process_link(pid, "root", root, sizeof(root));
		len = strlen(root);
		if (len > 1 && !strncmp(base, root, len))
			inside = base + len;
		if (base[0] != '/')
			return;
		add_components(ret, start, inside);
	}
	add_components(ret, start, text);
	if (ret->len == start)
		buf_add_span(ret, SPAN_LIT("/"));
}
