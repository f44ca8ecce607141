#include "cli/proc/file_locks.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "merger/base/number.h"
#include "cli/os/clock.h"
#include "cli/proc/process.h"

#define PATH_LEN 64
#define LINK_LEN 512
#define FDINFO_MAX 65536

struct locked_file {
	const char *link;
	char key[64]; /* device and inode, as in /proc/locks */
};

void file_locks_read(struct buf *ret)
{
	FILE *file = fopen("/proc/locks", "re");
	size_t got;

	if (!file)
		return;
	while ((got = fread(buf_reserve(ret, 65536), 1, 65536, file)))
		ret->len += got;
	fclose(file);
}

struct holders {
	uint32_t *pids;
	size_t count, max;
};

static void add_holder(struct holders *holders, uint32_t pid)
{
	for (size_t i = 0; i < holders->count; i++)
		if (holders->pids[i] == pid)
			return;
	if (holders->count < holders->max)
		holders->pids[holders->count++] = pid;
}

/* A descriptor's fdinfo has its locks: "lock:\t1: OFDLCK ADVISORY WRITE -1 08:01:5678 0 EOF". */
static bool has_lock(uint32_t pid, uint32_t fd, const struct locked_file *file)
{
	struct buf text = { 0 };
	struct span left, line;
	char name[PATH_LEN];
	bool found = false;

	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, FDINFO_MAX, &text)) {
		left = buf_span(&text);
		while (!found && span_take_line(&left, &line))
			found = span_starts(line, SPAN_LIT("lock:")) &&
			        memmem(line.ptr, line.len, file->key, strlen(file->key));
	}
	buf_deinit(&text);
	return found;
}

static bool process_has_lock(uint32_t pid, const struct locked_file *file)
{
	char path[PATH_LEN + 16], link[LINK_LEN];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		ssize_t got = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);
		uint32_t fd;

		link[got > 0 ? got : 0] = '\0';
		found = !strcmp(link, file->link) && process_entry_number(entry->d_name, &fd) &&
		        has_lock(pid, fd, file);
	}
	if (folder)
		closedir(folder);
	return found;
}

static void search_holders(const struct locked_file *file, struct holders *ret)
{
	uint64_t deadline = clock_now_us() + FILE_LOCKS_SCAN_MS * UINT64_C(1000);
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	uint32_t pid;

	while (folder && (entry = readdir(folder)) && clock_now_us() < deadline)
		if (process_entry_number(entry->d_name, &pid) && process_has_lock(pid, file))
			add_holder(ret, pid);
	if (folder)
		closedir(folder);
}

/* The pid and "08:01:5678" of a line like "1: FLOCK  ADVISORY  WRITE 4711 08:01:5678 0 EOF"; a
 * waiting process has "->" after "1:", so that its fifth word is no number. The pid of an open file
 * description lock is -1; that of a flock may have ended, if a child has the descriptor; that of
 * another pid namespace is 0. *pid is 0 for -1. */
static bool take_lock(struct span line, uint32_t *pid, struct span *key)
{
	struct span word;

	for (size_t i = 0; i < 5; i++)
		if (!span_take_word(&line, &word))
			return false;
	*pid = 0;
	if (!span_eq(word, SPAN_LIT("-1")) && !number_take32(&word, pid))
		return false;
	return span_take_word(&line, key);
}

size_t file_locks_find_holders(struct span locks, uint32_t pid, uint32_t fd, const char *link,
                               uint32_t *ret, size_t max)
{
	struct holders holders = { ret, 0, max };
	struct locked_file file = { .link = link };
	bool is_unnamed = false;
	struct stat status;
	struct span line;
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, pid, fd);
	if (stat(path, &status))
		return 0;
	snprintf(file.key, sizeof(file.key), "%02x:%02x:%" PRIu64, major(status.st_dev),
	         minor(status.st_dev), (uint64_t)status.st_ino);
	while (span_take_line(&locks, &line)) {
		struct process_stat holder;
		struct span key;
		uint32_t found;

		if (!take_lock(line, &found, &key) || !span_eq(key, span_of(file.key)))
			continue;
		if (found && process_stat(found, 0, &holder))
			add_holder(&holders, found);
		else
			is_unnamed = true;
	}
	if (is_unnamed)
		search_holders(&file, &holders);
	return holders.count;
}
