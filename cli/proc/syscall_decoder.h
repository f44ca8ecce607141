/* syscall_decoder: the system call that a thread sleeps in, with its arguments, and what it waits for there. x86-64 Linux. */
#ifndef PMP_SYSCALL_DECODER_H
#define PMP_SYSCALL_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

#define SYSCALL_ARGS 6
#define SYSCALL_FDS_MAX 64 /* of more, these are told */

struct syscall_info {
	uint64_t number, args[SYSCALL_ARGS];
};

struct decoded_syscall {
	enum syscall_class class;
	struct buf text; /* "recvfrom(7, 0x7f.., 4096, 0)" */
	uint32_t fds[SYSCALL_FDS_MAX];
	size_t fd_count;
	bool has_limit;
	uint64_t
	        limit_us; /* for how long it was to wait from its beginning on, or, if absolute, from now on */
	uint32_t wait_pid; /* the child that it waits for; 0: any, or none */
};

/* A line of /proc/PID/task/TID/syscall (proc(5)); false: it is in no system call, or runs. */
bool syscall_parse(struct span line, struct syscall_info *ret);

/* What its arguments point to is read from /proc/PID/mem as far as that can be; the caller calls decoded_syscall_deinit. */
void syscall_decode(uint32_t pid, const struct syscall_info *info, struct decoded_syscall *ret);
/* Does it wait until a time, not for so long? Then its limit counts from now on. */
bool syscall_limit_is_absolute(const struct syscall_info *info);
void decoded_syscall_deinit(struct decoded_syscall *decoded);

#endif
