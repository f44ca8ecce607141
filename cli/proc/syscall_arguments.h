/* syscall_arguments: prints the arguments of a system call, and takes from them the descriptors,
 * the timeout, the child and the path that the call waits for. Only for syscall_decoder. */
#ifndef PMP_SYSCALL_ARGUMENTS_H
#define PMP_SYSCALL_ARGUMENTS_H

#include <time.h>

#include "cli/proc/decoded_syscall.h"
#include "cli/proc/syscall_table.h"

#define SYSCALL_KVM_RUN 0xae80 /* a request of ioctl (linux/kvm.h): a virtual machine runs */

struct decoder {
	uint32_t pid;
	const struct syscall_info *info;
	const struct syscall_row *row;
	struct decoded_syscall *ret;
};

/* Appends the arguments of the row to the text. */
void syscall_arguments_show(struct decoder *decoder);

/* Reads the target's memory. false: it is unreadable. */
bool syscall_argument_read(const struct decoder *decoder, uint64_t address, void *to, size_t len);
/* Sets the timeout, if it is valid. */
void syscall_argument_limit(struct decoder *decoder, int64_t seconds, int64_t us);
/* True if the call waits until a point in time, by the clock *ret; false: for a duration. Source:
 * futex(2). */
bool syscall_argument_clock(const struct syscall_info *info, clockid_t *ret);
/* Of fcntl: does it wait for a file lock? */
bool syscall_argument_waits_for_lock(const struct syscall_info *info);

#endif
