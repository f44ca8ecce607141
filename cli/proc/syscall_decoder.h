/* syscall_decoder: decodes the system call in which a thread sleeps: its arguments, and the
 * descriptors, time or child that it waits for. x86-64 Linux. */
#ifndef PMP_SYSCALL_DECODER_H
#define PMP_SYSCALL_DECODER_H

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
	uint32_t fds[SYSCALL_FDS_MAX];
	size_t fd_count;
	bool has_limit;
	/* the timeout: since the thread last ran, or from now on */
	uint64_t limit_us;
	bool limit_is_from_now;
	bool limit_is_most; /* less time may be left: the call began before the thread last ran */
	uint32_t wait_pid;  /* the child that it waits for; 0: any child, or none */
};

/* Parses the line of /proc/PID/task/TID/syscall (proc(5)). false: the thread is in no system call,
 * or it runs. */
bool syscall_parse(struct span line, struct syscall_info *ret);

/* Reads the memory that the arguments point to from /proc/PID/mem, if possible. The caller calls
 * decoded_syscall_deinit. */
void syscall_decode(uint32_t pid, const struct syscall_info *info, struct decoded_syscall *ret);
void decoded_syscall_deinit(struct decoded_syscall *decoded);

#endif
