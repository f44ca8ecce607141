/* syscall_decoder: decodes the system call in which a thread sleeps: its arguments, and the
 * descriptors, time, child or path that it waits for. x86-64 Linux. */
#ifndef PMP_SYSCALL_DECODER_H
#define PMP_SYSCALL_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"
#include "cli/proc/decoded_syscall.h"

/* Parses the line of /proc/PID/task/TID/syscall (proc(5)). false: the thread is in no system call,
 * or it runs. */
bool syscall_parse(struct span line, struct syscall_info *ret);

/* Reads the memory that the arguments point to from /proc/PID/mem, if possible; pid 0: it reads
 * no memory. The caller calls decoded_syscall_deinit. */
void syscall_decode(uint32_t pid, const struct syscall_info *info, struct decoded_syscall *ret);
void decoded_syscall_deinit(struct decoded_syscall *decoded);

#endif
