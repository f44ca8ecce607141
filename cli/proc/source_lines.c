#include "cli/proc/source_lines.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "merger/base/alloc.h"

struct source_file {
	uint32_t pid;
	struct buf name, text;
};

void source_lines_deinit(struct source_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		buf_deinit(&lines->files[i].name);
		buf_deinit(&lines->files[i].text);
	}
	free(lines->files);
	*lines = (struct source_lines){ 0 };
}

/* Reads regular files only. O_NONBLOCK: the path may name a pipe, and open must not wait. */
static void read_source(const char *path, struct buf *ret)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat;
	ssize_t got = 0;

	if (fd < 0)
		return;
	if (!fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_size <= (off_t)SOURCE_BYTES_MAX) {
		char *to = buf_reserve(ret, (size_t)stat.st_size + 1);

		while (ret->len < (size_t)stat.st_size &&
		       (got = read(fd, to + ret->len, (size_t)stat.st_size - ret->len)) > 0)
			ret->len += (size_t)got;
	}
	close(fd);
}

static const struct source_file *find_file(struct source_lines *lines, uint32_t pid,
                                           struct span name)
{
	struct source_file *file;
	struct buf path = { 0 };

	for (size_t i = 0; i < lines->count; i++)
		if (lines->files[i].pid == pid && span_eq(buf_span(&lines->files[i].name), name))
			return &lines->files[i];
	lines->files =
	        alloc_grow(lines->files, &lines->cap, lines->count + 1, sizeof(*lines->files));
	file = &lines->files[lines->count++];
	*file = (struct source_file){ .pid = pid };
	buf_add_span(&file->name, name);
	buf_printf(&path, "/proc/%" PRIu32 "/%s%.*s", pid,
	           span_starts(name, SPAN_LIT("/")) ? "root" : "cwd/", SPAN_ARG(name));
	read_source(path.ptr, &file->text);
	buf_deinit(&path);
	return file;
}

bool source_lines_get(struct source_lines *lines, uint32_t pid, struct span file, uint32_t number,
                      struct span *ret)
{
	struct span rest, line;

	if (!pid || !number || !file.len || memchr(file.ptr, '\0', file.len) || file.ptr[0] == '<')
		return false;
	rest = buf_span(&find_file(lines, pid, file)->text);
	while (span_take_line(&rest, &line)) {
		if (!--number) {
			*ret = line;
			return true;
		}
	}
	return false;
}
