/* container: a target in namespaces or with a root of its own, as it is seen from here. Reads /proc only. */
#ifndef PMP_CONTAINER_H
#define PMP_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* The processes that are `inner` in a pid namespace below this one (proc(5), NSpid): their pids here, at most
 * `max` of them. Returns how many there are in *ret. */
size_t container_find(uint32_t inner, uint32_t *ret, size_t max);

/* A path as the kernel gives it to us, as the process itself has it: without the folder that a chroot made
 * its root. `root` is what process_link(pid, "root") says. */
struct span container_path(struct span path, const char *root);

/* The first file of a library of its own that has been deleted or replaced since the process mapped it, as container_path
 * has it; false: none. Takes a lock of the process's: not for one in state D. */
bool container_replaced(uint32_t pid, struct buf *ret);

/* Does the process see other mounts than we do? Then what /proc says of its paths is no name of ours. */
bool container_other_mounts(uint32_t pid);
/* Does it see the same mounts, but from a root of its own (chroot)? */
bool container_other_root(uint32_t pid);

#endif
