#include "cli/proc/open_files.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/parse/marker.h"
#include "cli/os/clock.h"
#include "cli/proc/file_locks.h"
#include "cli/proc/mount_table.h"
#include "cli/proc/socket_table.h"
#include "cli/proc/process.h"
#include "cli/proc/process_title.h"

#define LINK_MAX_LEN 512
#define PEERS_MAX 16

struct descriptor {
	uint32_t pid, fd;
	char link[LINK_MAX_LEN]; /* target of /proc/PID/fd/FD; empty: unreadable */
	const char *kind;
	bool writes, reads; /* it is open for writing, for reading */
	bool is_remote;     /* to look at the file may wait for a server */
	bool is_socket;
	struct socket_row socket;
	/* the link text of the other end's descriptor; empty: no other end is searched */
	char peer_link[LINK_MAX_LEN];
	/* and a line of its fdinfo; empty: any. "eventfd-id: 7" (Linux 5.2), "tty-index:\t3" */
	char peer_info[64];
	bool waited; /* a thread waits for this one alone */
	uint32_t peers[PEERS_MAX];
	size_t peer_count;
	uint32_t holders[PEERS_MAX]; /* of a lock on the file */
	size_t holder_count;
};

void open_files_deinit(struct open_files *files)
{
	free(files->rows);
	buf_deinit(&files->mounts);
	*files = (struct open_files){ 0 };
}

static void read_fd_link(uint32_t pid, uint32_t fd, char *ret, size_t len)
{
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, pid, fd);
	got = readlink(path, ret, len - 1);
	ret[got > 0 ? got : 0] = '\0';
}

/* The permissions of the link itself show whether it is open to read or to write (proc(5)). */
static mode_t read_fd_mode(uint32_t pid, uint32_t fd)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, pid, fd);
	return lstat(path, &status) ? 0 : status.st_mode;
}

/* The kinds of descriptors that are no files, by the start of the link. */
static const struct {
	const char *prefix, *kind;
} kinds[] = {
	{ "pipe:", "pipe" },
	{ "socket:", "other" },
	{ "anon_inode:[eventpoll]", "epoll" },
	{ "anon_inode:[eventfd]", "eventfd" },
	{ "anon_inode:[timerfd]", "timerfd" },
	{ "anon_inode:[signalfd]", "signalfd" },
	{ "anon_inode:inotify", "inotify" },
	{ "anon_inode:[io_uring]", "io_uring" },
	{ "anon_inode:[userfaultfd]", "userfaultfd" },
	{ "anon_inode:[pidfd]", "pidfd" },
	{ "pidfd:", "pidfd" },
};

/* Is the file on a server, or served by a daemon? */
static bool is_on_server(struct open_files *files, uint32_t pid, uint32_t fd)
{
	struct mount_row mount;

	if (files->mounts_pid != pid) {
		files->mounts_pid = pid;
		mount_table_read(pid, &files->mounts);
	}
	return mount_table_find_id(buf_span(&files->mounts), mount_table_fd_id(pid, fd), &mount) &&
	       mount_is_remote(&mount);
}

/* stat on a link of /proc does not open the file, so it does not wait for the other end of a
 * pipe. */
static const char *find_kind(const struct descriptor *row)
{
	char path[64];
	struct stat status;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_starts(span_of(row->link), span_of(kinds[i].prefix)))
			return kinds[i].kind;
	if (row->link[0] != '/')
		return "other";
	if (row->is_remote)
		return "file";
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, row->pid, row->fd);
	if (stat(path, &status))
		return "other";
	if (S_ISREG(status.st_mode))
		return "file";
	if (S_ISDIR(status.st_mode))
		return "directory";
	return S_ISFIFO(status.st_mode) ? "pipe" : "device";
}

static void find_socket(struct descriptor *row)
{
	struct span link = span_of(row->link);
	uint64_t inode = 0;

	if (!span_take(&link, SPAN_LIT("socket:[")) || !number_take(&link, 10, &inode) ||
	    !socket_table_find(row->pid, inode, &row->socket))
		return;
	row->is_socket = true;
	row->kind = row->socket.kind;
	if (row->socket.peer_inode)
		snprintf(row->peer_link, sizeof(row->peer_link), "socket:[%" PRIu64 "]",
		         row->socket.peer_inode);
}

/* Copies the line of /proc/PID/fdinfo/FD that begins with key; empty: there is none. */
static void read_fdinfo(uint32_t pid, uint32_t fd, const char *key, char *ret, size_t len)
{
	char name[64];
	struct buf text = { 0 };
	struct span rest, line;

	*ret = '\0';
	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, 4096, &text)) {
		rest = buf_span(&text);
		while (span_take_line(&rest, &line))
			if (span_starts(line, span_of(key)))
				snprintf(ret, len, "%.*s", SPAN_ARG(line));
	}
	buf_deinit(&text);
}

#define PTY_MASTER "/dev/ptmx" /* also in the mount of the ptys: "/dev/pts/ptmx" */
#define PTY_SLAVE "/dev/pts/"

static bool is_pty_master(const char *link)
{
	return !strcmp(link, PTY_MASTER) || !strcmp(link, PTY_SLAVE "ptmx");
}

/* A pty's two ends have links of their own; fdinfo of the master has the number of the other one
 * (drivers/tty/pty.c). All descriptors of one eventfd have the same id (fs/eventfd.c). */
static void find_peer_link(struct descriptor *row)
{
	unsigned index;

	if (!strcmp(row->kind, "pipe")) {
		snprintf(row->peer_link, sizeof(row->peer_link), "%s", row->link);
	} else if (!strcmp(row->kind, "eventfd")) {
		read_fdinfo(row->pid, row->fd, "eventfd-id:", row->peer_info,
		            sizeof(row->peer_info));
		if (row->peer_info[0])
			snprintf(row->peer_link, sizeof(row->peer_link), "%s", row->link);
	} else if (is_pty_master(row->link)) {
		read_fdinfo(row->pid, row->fd, "tty-index:", row->peer_info,
		            sizeof(row->peer_info));
		if (sscanf(row->peer_info, "tty-index: %u", &index) == 1)
			snprintf(row->peer_link, sizeof(row->peer_link), PTY_SLAVE "%u", index);
		row->peer_info[0] = '\0';
	} else if (sscanf(row->link, PTY_SLAVE "%u", &index) == 1) {
		snprintf(row->peer_link, sizeof(row->peer_link), PTY_MASTER);
		snprintf(row->peer_info, sizeof(row->peer_info), "tty-index:\t%u", index);
	}
}

static struct descriptor *find_row(struct open_files *files, uint32_t pid, uint32_t fd)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->rows[i].pid == pid && files->rows[i].fd == fd)
			return &files->rows[i];
	return NULL;
}

void open_files_wait(struct open_files *files, uint32_t pid, uint32_t fd)
{
	struct descriptor *row = find_row(files, pid, fd);

	if (row)
		row->waited = true;
}

void open_files_request(struct open_files *files, uint32_t pid, uint32_t fd)
{
	struct descriptor *row;
	mode_t mode;

	if (find_row(files, pid, fd))
		return;
	files->rows = alloc_grow(files->rows, &files->cap, files->count + 1, sizeof(*files->rows));
	row = &files->rows[files->count++];
	*row = (struct descriptor){ .pid = pid, .fd = fd };
	read_fd_link(pid, fd, row->link, sizeof(row->link));
	if (!row->link[0])
		return;
	mode = read_fd_mode(pid, fd);
	row->reads = mode & S_IRUSR;
	row->writes = mode & S_IWUSR;
	row->is_remote = row->link[0] == '/' && is_on_server(files, pid, fd);
	row->kind = find_kind(row);
	find_peer_link(row);
	find_socket(row);
}

size_t open_files_epoll(uint32_t pid, uint32_t fd, uint32_t *ret, size_t max)
{
	char name[64];
	struct buf text = { 0 };
	size_t count = 0;
	const char *at;

	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, 1u << 20, &text)) {
		buf_add(&text, "", 1);
		/* "tfd:        5 events: 19 data: ..." (proc(5)) */
		for (at = text.ptr; count < max && (at = strstr(at, "tfd:")); at += 4)
			ret[count++] = (uint32_t)strtoul(at + 4, NULL, 10);
	}
	buf_deinit(&text);
	return count;
}

uint32_t open_files_pidfd(uint32_t pid, uint32_t fd)
{
	char name[64];
	struct buf text = { 0 };
	const char *at = NULL;
	long found = 0;

	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, 4096, &text)) {
		buf_add(&text, "", 1);
		at = strstr(text.ptr, "\nPid:"); /* pidfd_show_fdinfo, kernel/fork.c; -1: none */
		found = at ? strtol(at + strlen("\nPid:"), NULL, 10) : 0;
	}
	buf_deinit(&text);
	return found > 0 ? (uint32_t)found : 0;
}

/* Is it the descriptor of this file system's server? Without the line of fuse_dev_show_fdinfo
 * (fs/fuse/dev.c) that is unknown: true. */
static bool may_serve(uint32_t pid, uint32_t fd, uint32_t minor)
{
	static const char key[] = "fuse_connection:";
	char name[64];
	struct buf text = { 0 };
	const char *at = NULL;
	bool ret;

	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, 4096, &text)) {
		buf_add(&text, "", 1);
		at = strstr(text.ptr, key);
	}
	ret = !at || strtoul(at + strlen(key), NULL, 10) == minor;
	buf_deinit(&text);
	return ret;
}

static bool has_fuse(uint32_t pid, uint32_t minor)
{
	char path[64], link[LINK_MAX_LEN];
	struct dirent *entry;
	bool found = false;
	uint32_t fd;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		if (!process_entry_number(entry->d_name, &fd))
			continue;
		read_fd_link(pid, fd, link, sizeof(link));
		found = !strcmp(link, "/dev/fuse") && may_serve(pid, fd, minor);
	}
	if (folder)
		closedir(folder);
	return found;
}

uint32_t open_files_fuse_server(uint32_t minor)
{
	uint64_t deadline = clock_now_us() + OPEN_FILES_SCAN_MS * UINT64_C(1000);
	struct dirent *entry;
	uint32_t pid, found = 0;
	bool several = false;
	DIR *folder = opendir("/proc");

	while (folder && (entry = readdir(folder)) && clock_now_us() < deadline)
		if (process_entry_number(entry->d_name, &pid) && has_fuse(pid, minor)) {
			several = several || found;
			found = pid;
		}
	if (folder)
		closedir(folder);
	return several ? 0 : found;
}

/* The processes that have the other ends. */

static void add_pid(uint32_t *pids, size_t *count, uint32_t pid)
{
	for (size_t i = 0; i < *count; i++)
		if (pids[i] == pid)
			return;
	if (*count < PEERS_MAX)
		pids[(*count)++] = pid;
}

/* A pipe's other end is open the other way round; a socket's has another number. */
static bool is_other_end(const struct descriptor *row, uint32_t pid, uint32_t fd)
{
	char info[sizeof(row->peer_info)];
	mode_t mode;

	if (row->peer_info[0]) {
		size_t key = strcspn(row->peer_info, ":") + 1;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)key, row->peer_info);
		read_fdinfo(pid, fd, name, info, sizeof(info));
		return !strcmp(info, row->peer_info);
	}
	if (strcmp(row->kind, "pipe") != 0)
		return true;
	mode = read_fd_mode(pid, fd);
	return row->reads ? mode & S_IWUSR : mode & S_IRUSR;
}

static bool is_link_of_peer(const struct descriptor *row, const char *link)
{
	return !strcmp(row->peer_link, link) ||
	       (!strcmp(row->peer_link, PTY_MASTER) && is_pty_master(link));
}

static void scan_process(struct open_files *files, uint32_t pid, uint64_t deadline)
{
	char path[64], link[LINK_MAX_LEN];
	struct dirent *entry;
	uint32_t fd;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
	folder = opendir(path);
	if (!folder)
		return;
	while ((entry = readdir(folder)) && clock_now_us() < deadline) {
		if (!process_entry_number(entry->d_name, &fd))
			continue;
		read_fd_link(pid, fd, link, sizeof(link));
		for (size_t i = 0; link[0] && i < files->count; i++) {
			struct descriptor *row = &files->rows[i];

			if (row->peer_link[0] && is_link_of_peer(row, link) &&
			    is_other_end(row, pid, fd))
				add_pid(row->peers, &row->peer_count, pid);
		}
	}
	closedir(folder);
}

static void scan_processes(struct open_files *files)
{
	uint64_t deadline = clock_now_us() + OPEN_FILES_SCAN_MS * UINT64_C(1000);
	struct dirent *entry;
	bool wanted = false;
	uint32_t pid;
	DIR *folder;

	for (size_t i = 0; i < files->count; i++)
		wanted = wanted || files->rows[i].peer_link[0];
	folder = wanted ? opendir("/proc") : NULL;
	if (!folder)
		return;
	while ((entry = readdir(folder)) && clock_now_us() < deadline)
		if (process_entry_number(entry->d_name, &pid))
			scan_process(files, pid, deadline);
	closedir(folder);
}

/* "peer=4715 peer_name=sh peer_state=S" */
static void add_process(struct buf *ret, const char *key, uint32_t pid)
{
	struct process_stat stat;
	char name[COMMAND_NAME_MAX], more[32];

	process_title_label(pid, name, sizeof(name));
	marker_addf(ret, key, "%" PRIu32, pid);
	snprintf(more, sizeof(more), "%s_name", key);
	marker_add(ret, more, span_of(name));
	snprintf(more, sizeof(more), "%s_state", key);
	if (process_stat(pid, 0, &stat))
		marker_addf(ret, more, "%c", stat.state);
}

static void add_socket(const struct socket_row *socket, struct buf *ret)
{
	if (socket->local[0])
		marker_add(ret, "local", span_of(socket->local));
	if (socket->remote[0])
		marker_add(ret, "remote", span_of(socket->remote));
	if (socket->state)
		marker_add(ret, "state", span_of(socket->state));
	if (socket->accepted)
		marker_add(ret, "accepted", SPAN_LIT("1"));
	/* The queues of a listening socket count connections, not bytes. */
	if (!strcmp(socket->kind, "unix") || (socket->state && !strcmp(socket->state, "LISTEN")))
		return;
	marker_addf(ret, "recv_queue", "%" PRIu64, socket->recv_queue);
	marker_addf(ret, "send_queue", "%" PRIu64, socket->send_queue);
}

static void add_descriptor(const struct descriptor *row, struct buf *ret)
{
	marker_open(ret, "fd");
	marker_addf(ret, "pid", "%" PRIu32, row->pid);
	marker_addf(ret, "fd", "%" PRIu32, row->fd);
	if (row->kind)
		marker_add(ret, "kind", span_of(row->kind));
	if (row->link[0] == '/')
		marker_add(ret, "path", span_of(row->link));
	if (row->kind && !strcmp(row->kind, "pipe"))
		marker_add(ret, "end", span_of(row->reads ? "read" : "write"));
	if (row->is_socket)
		add_socket(&row->socket, ret);
	for (size_t i = 0; i < row->peer_count; i++)
		add_process(ret, "peer", row->peers[i]);
	for (size_t i = 0; i < row->holder_count; i++)
		add_process(ret, "holder", row->holders[i]);
	marker_close(ret);
}

void open_files_add(struct open_files *files, struct buf *ret)
{
	struct buf locks = { 0 };

	scan_processes(files);
	file_locks_read(&locks);
	for (size_t i = 0; i < files->count; i++) {
		struct descriptor *row = &files->rows[i];

		if (!row->link[0])
			continue;
		if (row->kind && !strcmp(row->kind, "file") && !row->is_remote)
			row->holder_count =
			        file_locks_find_holders(buf_span(&locks), row->pid, row->fd,
			                                row->link, row->holders, PEERS_MAX);
		add_descriptor(row, ret);
	}
	buf_deinit(&locks);
}

size_t open_files_others(const struct open_files *files, uint32_t *ret, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < files->count && count < max; i++) {
		const struct descriptor *row = &files->rows[i];
		const uint32_t *pids = row->peer_count ? row->peers : row->holders;
		size_t pid_count = row->peer_count ? row->peer_count : row->holder_count;
		uint32_t only = 0;

		for (size_t j = 0; j < pid_count && row->waited; j++) {
			if (pids[j] == row->pid)
				continue;
			if (only) {
				only = 0;
				break;
			}
			only = pids[j];
		}
		if (only)
			ret[count++] = only;
	}
	return count;
}
