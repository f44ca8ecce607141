/* container: targets in other namespaces or with another root folder. Reads /proc only. */
#ifndef PMP_CONTAINER_H
#define PMP_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* Finds the processes whose pid is `inner` in a pid namespace below ours (proc(5), NSpid). ret gets
 * their pids in our namespace, at most `max`. Returns their number. */
size_t container_find(uint32_t inner, uint32_t *ret, size_t max);

/* Turns a path as we see it into the path as the process sees it: removes the folder that chroot
 * made its root. `root` is the result of process_link(pid, "root"). */
struct span container_path(struct span path, const char *root);

/* Finds the first mapped library whose file was deleted or replaced since, as a path that the
 * process sees. false: none. Takes a lock of the process: do not call it for one in state D. */
bool container_has_replaced_library(uint32_t pid, struct buf *ret);

/* True if the process is in another mount namespace: its paths in /proc are no paths of ours. */
bool container_has_other_mounts(uint32_t pid);
/* True if the process has our mounts, but another root folder (chroot). */
bool container_has_other_root(uint32_t pid);

#endif
