#include "cli/os/input_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "merger/base/suggest.h"
#include "cli/os/gzip_reader.h"
#include "cli/os/text_decoder.h"
#include "merger/base/printable.h"

#define CHUNK (64u << 10)
#define NEAR_MAX 10000 /* files whose names are compared, for a suggestion */

struct input_file {
	struct gzip_reader reader;
	struct text_decoder decoder;
	const char *name; /* for messages */
	bool begun;
};

/* Files that are no text, by their first bytes: those that users give to pmp by mistake. */
static const struct magic {
	struct span bytes;
	const char *what, *cure;
} magics[] = {
	{ SPAN_LIT("\177ELF"), "an executable or a core file, not text",
	  "let gdb read it: gdb -batch -ex 'thread apply all bt' EXECUTABLE CORE" },
	{ SPAN_LIT("\375"
	           "7zXZ"),
	  "packed with xz", "unpack it: xz -dc FILE" },
	{ SPAN_LIT("\x28\xb5\x2f\xfd"), "packed with zstd", "unpack it: zstd -dc FILE" },
	{ SPAN_LIT("BZh"), "packed with bzip2", "unpack it: bzip2 -dc FILE" },
	{ SPAN_LIT("PK\3\4"), "a zip archive", "unpack it: unzip -p FILE" },
};

/* ERROR_FAILED, not ERROR_INPUT: the file itself is good. */
static bool fail_no_memory(const struct input_file *input, struct error *err)
{
	struct printable printable;

	return error_set(err, ERROR_FAILED, "cannot read %s: out of memory",
	                 printable_name(&printable, input->name));
}

static bool fail_read(const struct input_file *input, struct error *err, const char *why)
{
	struct printable printable;

	return error_set(err, ERROR_INPUT, "cannot read %s: %s",
	                 printable_name(&printable, input->name), why);
}

/* Looks in the folder of path for a similar name. suggestion->text names it; empty: there is
 * none. */
static void suggest_near_name(const char *path, struct suggestion *suggestion)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? alloc_copy(path, (size_t)(slash - path) + 1) : NULL;
	DIR *dir = opendir(folder ? folder : ".");
	struct dirent *entry;

	*suggestion = (struct suggestion){ .word = span_of(slash ? slash + 1 : path) };
	for (int i = 0; dir && i < NEAR_MAX && (entry = readdir(dir)); i++) {
		if (suggest_try(suggestion, span_of(entry->d_name)))
			suggest_text(suggestion, ""); /* at once: entry is overwritten later */
	}
	if (dir)
		closedir(dir);
	free(folder);
}

static bool fail_open(const struct input_file *input, int why, struct error *err)
{
	struct suggestion suggestion = { .text = "" };
	struct printable printable;

	if (why == ENOENT)
		suggest_near_name(input->name, &suggestion);
	return error_set(err, ERROR_INPUT, "cannot read %s: %s%s",
	                 printable_name(&printable, input->name), strerror(why), suggestion.text);
}

const char *input_file_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static bool open_input(struct input_file *input, const char *path, struct error *err)
{
	bool is_stdin = !strcmp(path, "-");
	struct stat stat;
	int fd;

	*input = (struct input_file){ .name = input_file_name(path) };
	fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_open(input, errno, err);
	if (!fstat(fd, &stat) && S_ISDIR(stat.st_mode)) {
		close(fd);
		return fail_read(input, err, strerror(EISDIR));
	}
	gzip_reader_init(&input->reader, fd);
	return true;
}

static void close_input(struct input_file *input)
{
	gzip_reader_deinit(&input->reader);
	text_decoder_deinit(&input->decoder);
}

static bool check_magic(const struct input_file *input, struct span bytes, struct error *err)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		struct printable printable;

		if (span_starts(bytes, magics[i].bytes))
			return error_set(err, ERROR_INPUT, "cannot read %s: it is %s; %s",
			                 printable_name(&printable, input->name), magics[i].what,
			                 magics[i].cure);
	}
	return true;
}

/* Looks for NULs in the first 4 KiB only: the log of a machine that lost power has NULs in the
 * middle, and more text after them. */
static bool check_text(const struct input_file *input, struct span text, struct error *err)
{
	return !text.len || !memchr(text.ptr, '\0', text.len < 4096 ? text.len : 4096) ||
	       fail_read(input, err, "it is binary, not text");
}

/* Reads up to cap bytes, unpacked; *got is 0 at the end. */
static bool read_input(struct input_file *input, char *to, size_t cap, size_t *got,
                       struct error *err)
{
	const char *why = gzip_reader_read(&input->reader, to, cap, got);

	return !why || (*why ? fail_read(input, err, why) : fail_no_memory(input, err));
}

/* The text of bytes that were read. */
static bool decode_input(struct input_file *input, struct span bytes, struct span *ret,
                         struct error *err)
{
	const bool first = !input->begun;

	input->begun = true;
	if (first && !check_magic(input, bytes, err))
		return false;
	*ret = text_decoder_next(&input->decoder, bytes);
	return !first || check_text(input, *ret, err);
}

bool input_file_each(const char *path, input_file_take take, void *ctx, struct error *err)
{
	struct input_file input;
	char bytes[CHUNK];
	struct span text;
	size_t got;
	bool ok;

	if (!open_input(&input, path, err))
		return false;
	do {
		ok = read_input(&input, bytes, sizeof(bytes), &got, err);
		if (ok && got)
			ok = decode_input(&input, (struct span){ bytes, got }, &text, err) &&
			     (!text.len || take(ctx, text, err));
	} while (ok && got);
	close_input(&input);
	return ok;
}

struct whole {
	struct buf *text;
	const char *name;
};

static bool append_text(void *ctx, struct span text, struct error *err)
{
	struct whole *whole = ctx;
	struct printable printable;

	buf_add_span(whole->text, text);
	return whole->text->len <= INPUT_FILE_MAX ||
	       error_set(err, ERROR_INPUT,
	                 "cannot read %s: it is larger than a profile can be (1 GiB)",
	                 printable_name(&printable, whole->name));
}

bool input_file_read_all(const char *path, struct buf *ret, struct error *err)
{
	struct whole whole = { ret, input_file_name(path) };

	return input_file_each(path, append_text, &whole, err);
}
