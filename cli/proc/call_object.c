#include "cli/proc/call_object.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/proc/mount_table.h"
#include "cli/proc/open_files.h"
#include "cli/proc/process.h"
#include "cli/proc/target_memory.h"

#define NAME_MAX_LEN 64
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
/* linux/openat2.h: only what the kernel has in its cache, so the call never waits (Linux 5.12);
 * absolute links start at the root that is given. */
#define RESOLVE_FLAGS (UINT64_C(0x20) | UINT64_C(0x10))

static void add_process(struct buf *ret, const char *before, uint32_t pid)
{
	struct process_stat stat;

	if (!pid)
		return;
	buf_printf(ret, "%s%" PRIu32, before, pid);
	if (process_stat(pid, 0, &stat))
		buf_printf(ret, " (%s)", stat.comm);
}

/* A thread that opens a FIFO waits here for the other end (fs/pipe.c). */
static bool is_fifo_open(const struct call_place *place)
{
	return span_eq(place->wchan, SPAN_LIT("wait_for_partner")) ||
	       span_eq(place->wchan, SPAN_LIT("fifo_open"));
}

static void describe_fifo(const struct syscall_info *info, struct buf *ret)
{
	uint64_t flags = info->number == SYS_openat  ? info->args[2]
	                 : info->number == SYS_creat ? O_WRONLY
	                                             : info->args[1];
	bool writes = (flags & O_ACCMODE) == O_WRONLY;

	if (info->number == SYS_openat2)
		buf_add_span(ret, SPAN_LIT("a FIFO whose other end no process has open"));
	else
		buf_printf(ret, "a FIFO that no process has open for %s",
		           writes ? "reading" : "writing");
}

static int open_cached(int root, const char *path)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_PATH | O_CLOEXEC, 0, RESOLVE_FLAGS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The mount of the longest part of the path that the kernel has in its cache, with symbolic links
 * followed. 0: unknown. */
static uint32_t find_cached_mount(uint32_t pid, struct span path)
{
	char name[NAME_MAX_LEN], *part = strndup(path.ptr, path.len), *slash;
	uint32_t ret = 0;
	int root, fd = -1;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/root", pid);
	root = part ? open(name, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	while (root >= 0 && part[0]) {
		fd = open_cached(root, part);
		slash = strrchr(part, '/');
		if (fd >= 0 || !slash || slash == part)
			break;
		*slash = '\0';
	}
	if (fd >= 0) {
		ret = mount_table_fd_id((uint32_t)getpid(), (uint32_t)fd);
		close(fd);
	}
	if (root >= 0)
		close(root);
	free(part);
	return ret;
}

static bool find_path_mount(uint32_t pid, struct span mounts, struct span path,
                            struct mount_row *ret)
{
	uint32_t id = 0;

	/* Opening a root directory on a server may wait, too. */
	if (mount_table_find_path(mounts, SPAN_LIT("/"), ret) && !mount_is_remote(ret))
		id = find_cached_mount(pid, path);
	return (id && mount_table_find_id(mounts, id, ret)) ||
	       mount_table_find_path(mounts, path, ret);
}

/* Calls that write a file's data to its device: the file alone says nothing. */
static bool is_sync(uint64_t number)
{
	return number == SYS_fsync || number == SYS_fdatasync || number == SYS_syncfs ||
	       number == SYS_sync_file_range;
}

static bool find_fd_mount(const struct call_place *place, const struct syscall_info *info,
                          const struct decoded_syscall *decoded, struct span mounts,
                          struct mount_row *ret)
{
	bool is_wanted =
	        place->state == 'D' || is_sync(info->number) || decoded->class == SYSCALL_FILE;

	for (size_t i = 0; i < decoded->fd_count; i++)
		if (mount_table_find_id(mounts, mount_table_fd_id(place->pid, decoded->fds[i]),
		                        ret) &&
		    (mount_is_remote(ret) || (is_wanted && !mount_is_virtual(ret))))
			return true;
	return false;
}

static void describe_mount(const struct mount_row *mount, struct buf *ret)
{
	buf_add_span(ret, SPAN_LIT("on "));
	mount_describe(mount, ret);
	if (span_starts(mount->type, SPAN_LIT("fuse")))
		add_process(ret, ", served by process ", open_files_fuse_server(mount->minor));
	if (span_eq(mount->type, SPAN_LIT("autofs")))
		add_process(ret, ", whose automounter is process ", mount_option(mount, "pgrp"));
}

static void describe_file(const struct call_place *place, const struct syscall_info *info,
                          const struct decoded_syscall *decoded, struct buf *ret)
{
	struct buf mounts = { 0 };
	struct mount_row mount;
	bool found = false;

	if (decoded->path.len || decoded->fd_count)
		mount_table_read(place->pid, &mounts);
	if (decoded->path.len)
		found = find_path_mount(place->pid, buf_span(&mounts), buf_span(&decoded->path),
		                        &mount);
	else
		found = find_fd_mount(place, info, decoded, buf_span(&mounts), &mount);
	if (found)
		describe_mount(&mount, ret);
	buf_deinit(&mounts);
}

/* System V IPC. Its ids belong to a namespace. */

static bool has_same_ipc(uint32_t pid)
{
	char own[NAME_MAX_LEN], other[NAME_MAX_LEN];

	process_link((uint32_t)getpid(), "ns/ipc", own, sizeof(own));
	process_link(pid, "ns/ipc", other, sizeof(other));
	return own[0] && !strcmp(own, other);
}

static void describe_semaphore(const struct call_place *place, const struct syscall_info *info,
                               struct buf *ret)
{
	struct sembuf first = { 0 };
	int id = (int)info->args[0], value, last;

	if (!target_memory_read(place->memory_pid, info->args[1], &first, sizeof(first)))
		return;
	value = semctl(id, first.sem_num, GETVAL);
	last = semctl(id, first.sem_num, GETPID);
	if (value < 0)
		return;
	buf_printf(ret, "a System V semaphore whose value is %d", value);
	add_process(ret, ", last changed by process ", last > 0 ? (uint32_t)last : 0);
}

static void describe_queue(const struct syscall_info *info, struct buf *ret)
{
	struct msqid_ds queue;
	bool sends = info->number == SYS_msgsnd;
	pid_t last;

	if (msgctl((int)info->args[0], IPC_STAT, &queue))
		return;
	buf_printf(ret, "a System V queue of %ju messages", (uintmax_t)queue.msg_qnum);
	last = sends ? queue.msg_lrpid : queue.msg_lspid;
	add_process(ret, sends ? ", last received from by process " : ", last sent to by process ",
	            last > 0 ? (uint32_t)last : 0);
}

void call_object_describe(const struct call_place *place, const struct syscall_info *info,
                          const struct decoded_syscall *decoded, struct buf *ret)
{
	switch (info->number) {
	case SYS_semop:
	case SYS_semtimedop:
		if (has_same_ipc(place->pid))
			describe_semaphore(place, info, ret);
		break;
	case SYS_msgrcv:
	case SYS_msgsnd:
		if (has_same_ipc(place->pid))
			describe_queue(info, ret);
		break;
	default:
		if (decoded->path.len && is_fifo_open(place))
			describe_fifo(info, ret);
		else
			describe_file(place, info, decoded, ret);
	}
}
