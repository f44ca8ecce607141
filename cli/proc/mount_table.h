/* mount_table: the mounts of a process, from /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
#ifndef PMP_MOUNT_TABLE_H
#define PMP_MOUNT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

struct mount_row {
	uint32_t id, minor; /* minor: of its device number */
	/* views into the text, with the kernel's escapes ("\040") */
	struct span point, type, source, options;
};

/* Reads mountinfo; empty if it is unreadable. */
void mount_table_read(uint32_t pid, struct buf *ret);
/* The id of the mount that an open file is on; 0: unknown. */
uint32_t mount_table_fd_id(uint32_t pid, uint32_t fd);

/* text: the content of mountinfo. The last row that applies is on top of the others. false: no row.
 * Paths are relative to the root of the process. */
bool mount_table_find_id(struct span text, uint32_t id, struct mount_row *ret);
bool mount_table_find_path(struct span text, struct span path, struct mount_row *ret);

/* May an access wait for a server or a daemon? */
bool mount_is_remote(const struct mount_row *mount);
/* Is it one of the kernel's own, without a device or a server? */
bool mount_is_virtual(const struct mount_row *mount);
/* Appends "nfs4 server:/export at /mnt". */
void mount_describe(const struct mount_row *mount, struct buf *ret);
/* The number of an option, as in "pgrp=812"; 0: it has none. */
uint32_t mount_option(const struct mount_row *mount, const char *name);

#endif
