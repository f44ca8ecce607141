/* decoded_syscall: a system call as the kernel shows it, and what syscall_decoder finds in it. */
#ifndef PMP_DECODED_SYSCALL_H
#define PMP_DECODED_SYSCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

#define SYSCALL_ARGS 6
#define SYSCALL_FDS_MAX 64 /* descriptors beyond these are ignored */

struct syscall_info {
	uint64_t number, args[SYSCALL_ARGS];
	uint64_t pc;    /* behind the instruction of the call */
	bool restarted; /* continued after a stop: restarted_call.h */
};

struct decoded_syscall {
	enum syscall_class class;
	struct buf text; /* "recvfrom(7, 0x7f.., 4096, 0)" */
	struct buf path; /* absolute; empty: the call has no path, or it is unknown */
	uint32_t fds[SYSCALL_FDS_MAX];
	size_t fd_count;
	bool has_limit;
	/* the timeout: since the thread last ran, or from now on */
	uint64_t limit_us;
	bool limit_is_from_now;
	bool limit_is_most; /* less time may be left: the call began before the thread last ran */
	uint32_t wait_pid;  /* the child that it waits for; 0: any child, or none */
};

#endif
