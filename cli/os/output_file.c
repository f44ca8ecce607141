#include "cli/os/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "merger/base/buf.h"
#include "cli/os/pager.h"
#include "merger/base/printable.h"

#define LINKS_MAX 40 /* the kernel's limit (path_resolution(7)) */
#define NAMES_MAX 100

/* The file that a path leads to. */
struct place {
	char *target; /* path, with the symbolic links of its last component followed */
	bool in_place;
	bool exists;
	struct stat stat;
};

static bool fail_write(struct error *err, const char *path, const char *why)
{
	struct printable printable;

	return error_set(err, ERROR_OUTPUT, "cannot write %s: %s", printable_name(&printable, path),
	                 why);
}

/* The directory of a path, with its slash: "dir/"; empty for a plain name. */
static struct span find_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (struct span){ path, slash ? (size_t)(slash - path) + 1 : 0 };
}

static char *join_path(struct span front, const char *back)
{
	struct buf buf = { 0 };

	buf_add_span(&buf, front);
	buf_add(&buf, back, strlen(back) + 1);
	return buf.ptr;
}

/* Links in these folders are open files; the text of such a link is not always a path. */
static bool is_descriptor(const char *path)
{
	static const char *const prefixes[] = { "/proc/", "/dev/fd/", "/dev/std" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(path, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* Follows the links of the last component. realpath() would refuse a dangling link. */
static bool follow_links(struct place *place, const char *path, struct error *err)
{
	char link[4096];

	place->target = alloc_copy(path, strlen(path));
	for (int i = 0; i < LINKS_MAX; i++) {
		struct span front;
		ssize_t len;
		char *next;

		place->in_place = is_descriptor(place->target);
		if (place->in_place)
			return true;
		len = readlink(place->target, link, sizeof(link) - 1);
		if (len < 0)
			return true; /* no link, or it does not exist: stat reports that */
		link[len] = '\0';
		front = find_directory(place->target);
		if (link[0] == '/')
			front.len = 0;
		next = join_path(front, link);
		free(place->target);
		place->target = next;
	}
	return fail_write(err, path, strerror(ELOOP));
}

static bool check_directory(const struct place *place, const char *path, struct error *err)
{
	struct span span = find_directory(place->target);
	char *name = span.len ? alloc_copy(span.ptr, span.len) : alloc_copy(".", 1);
	struct printable printable, printable_dir;
	bool ok = !access(name, W_OK | X_OK);

	if (!ok)
		error_set(err, ERROR_OUTPUT, "cannot write %s: directory %s: %s",
		          printable_name(&printable, path), printable_name(&printable_dir, name),
		          strerror(errno));
	free(name);
	return ok;
}

static bool find_place(struct place *place, const char *path, struct error *err)
{
	*place = (struct place){ 0 };
	if (!follow_links(place, path, err))
		return false;
	place->exists = !stat(place->in_place ? path : place->target, &place->stat);
	if (!place->exists && (errno != ENOENT || place->in_place))
		return fail_write(err, path, strerror(errno));
	if (!place->exists && find_directory(place->target).len == strlen(place->target))
		return fail_write(err, path, "it ends in a slash, and there is no such directory");
	if (place->exists && S_ISDIR(place->stat.st_mode))
		return fail_write(err, path, strerror(EISDIR));
	if (place->exists && !S_ISREG(place->stat.st_mode))
		place->in_place = true;
	/* rename() would replace even a write-protected file. */
	if (place->exists && access(place->in_place ? path : place->target, W_OK))
		return fail_write(err, path, strerror(errno));
	return place->in_place || check_directory(place, path, err);
}

static void free_place(struct place *place)
{
	free(place->target);
}

bool output_file_check(const char *path, struct error *err)
{
	struct place place;
	bool ok;

	if (!strcmp(path, "-"))
		return true;
	ok = find_place(&place, path, err);
	free_place(&place);
	return ok;
}

/* ".x.yaml.pmp-4711-0" beside "x.yaml". */
static char *make_temporary_name(const char *target, int attempt)
{
	struct span dir = find_directory(target);
	struct buf buf = { 0 };

	buf_add_span(&buf, dir);
	/* A name has at most 255 bytes: cut it, so that the rest fits. */
	buf_printf(&buf, ".%.200s.pmp-%d-%d", target + dir.len, (int)getpid(), attempt);
	buf_add(&buf, "", 1);
	return buf.ptr;
}

/* Opens a file without a name (O_TMPFILE), so that even SIGKILL leaves nothing. link_file names it
 * through /proc, so /proc must be mounted. -1: not supported by the file system. */
static int open_nameless(const char *target)
{
	struct span dir = find_directory(target);
	char *name;
	int fd;

	if (access("/proc/self/fd", X_OK))
		return -1;
	name = dir.len ? alloc_copy(dir.ptr, dir.len) : alloc_copy(".", 1);
	fd = open(name, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	free(name);
	return fd;
}

/* Calls `make` with new names until one is free, and stores that name in output->temporary. */
static int claim_name(struct output_file *output, int (*make)(const char *name, int fd), int fd)
{
	int ret = -1;

	for (int i = 0; i < NAMES_MAX; i++) {
		free(output->temporary);
		output->temporary = make_temporary_name(output->target, i);
		ret = make(output->temporary, fd);
		if (ret >= 0 || errno != EEXIST)
			break;
	}
	return ret;
}

static int create_file(const char *name, int fd)
{
	(void)fd;
	return open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
}

static int link_file(const char *name, int fd)
{
	char from[64];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static int open_beside(struct output_file *output, const struct place *place)
{
	int fd;

	output->target = alloc_copy(place->target, strlen(place->target));
	fd = open_nameless(output->target);
	if (fd < 0) {
		fd = claim_name(output, create_file, -1);
		output->named = fd >= 0;
	}
	/* Owner and permissions of the old file, if pmp may set them. */
	if (fd >= 0 && place->exists) {
		if (fchown(fd, place->stat.st_uid, place->stat.st_gid))
			errno = 0;
		if (fchmod(fd, place->stat.st_mode & 0777))
			errno = 0;
	}
	return fd;
}

bool output_file_open(struct output_file *output, const char *path, struct error *err)
{
	struct place place;
	bool ok;
	int fd = -1;

	*output = (struct output_file){ 0 };
	if (!strcmp(path, "-")) {
		output->file = pager_wanted() ? open_memstream(&output->text, &output->len) : NULL;
		if (!output->file)
			output->file = stdout;
		return true;
	}
	output->path = path;
	ok = find_place(&place, path, err);
	if (ok) {
		/* O_APPEND: an open file may have data before our position (`>>`). */
		fd = place.in_place ? open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC)
		                    : open_beside(output, &place);
		output->file = fd < 0 ? NULL : fdopen(fd, "w");
		if (!output->file)
			ok = fail_write(err, path, strerror(errno));
	}
	free_place(&place);
	if (ok)
		return true;
	if (fd >= 0)
		close(fd);
	output_file_abandon(output);
	return false;
}

bool output_file_open_errors(struct output_file *output, struct error *err)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	*output = (struct output_file){ .path = "standard error" };
	output->file = fd < 0 ? NULL : fdopen(fd, "w");
	return output->file || fail_write(err, output->path, strerror(errno));
}

/* Flushes; returns 0 or an errno. If an earlier write failed, its errno is lost; the flush tries
 * again and usually fails for the same reason. */
static int flush_file(FILE *file)
{
	int before = ferror(file);

	errno = 0;
	if (!fflush(file) && !before)
		return 0;
	return errno ? errno : EIO;
}

bool output_file_finish_stdout(struct error *err)
{
	int why = flush_file(stdout);

	if (!why)
		return true;
	if (why == EPIPE)
		return error_set(err, ERROR_OUTPUT, "%s", "");
	return fail_write(err, "standard output", strerror(why));
}

static void free_names(struct output_file *output)
{
	free(output->text);
	free(output->target);
	free(output->temporary);
	*output = (struct output_file){ 0 };
}

static bool commit_stdout(struct output_file *output, struct error *err)
{
	bool ok = output->file == stdout || !fclose(output->file);

	if (ok && output->text)
		pager_show((struct span){ output->text, output->len });
	free_names(output);
	return ok ? output_file_finish_stdout(err)
	          : fail_write(err, "standard output", strerror(errno));
}

bool output_file_write(struct output_file *output, struct span bytes, struct error *err)
{
	return !output->file || fwrite(bytes.ptr, 1, bytes.len, output->file) == bytes.len ||
	       error_set(err, ERROR_OUTPUT, "cannot write %s", output->path);
}

bool output_file_commit(struct output_file *output, struct error *err)
{
	FILE *file = output->file;
	int why;

	if (!file)
		return true;
	if (!output->path)
		return commit_stdout(output, err);
	why = flush_file(file);
	if (!why && output->target && !output->named) {
		output->named = !claim_name(output, link_file, fileno(file));
		if (!output->named)
			why = errno;
	}
	output->file = NULL;
	if (fclose(file) && !why)
		why = errno;
	if (!why && output->target && rename(output->temporary, output->target))
		why = errno;
	if (why) {
		fail_write(err, output->path, strerror(why));
		output_file_abandon(output);
		return false;
	}
	free_names(output);
	return true;
}

void output_file_abandon(struct output_file *output)
{
	if (output->file && output->file != stdout)
		fclose(output->file);
	if (output->named)
		unlink(output->temporary);
	free_names(output);
}
