/* syscall_decoder: the system call that a thread sleeps in, with its arguments, and what it waits for there. x86-64 Linux. */
#ifndef PMP_SYSCALL_DECODER_H
#define PMP_SYSCALL_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/diagnosis/snapshot.h"

#define CALL_ARGS 6
#define CALL_FDS_MAX 64 /* of more, these are told */

struct call {
	uint64_t number, args[CALL_ARGS];
};

struct decoded_call {
	enum call_class class;
	struct buf text; /* "recvfrom(7, 0x7f.., 4096, 0)" */
	uint32_t fds[CALL_FDS_MAX];
	size_t fd_count;
	bool has_limit;
	uint64_t
	        limit_us; /* for how long it was to wait from its beginning on, or, if absolute, from now on */
	uint32_t wait_pid; /* the child that it waits for; 0: any, or none */
};

/* A line of /proc/PID/task/TID/syscall (proc(5)); false: it is in no system call, or runs. */
bool call_parse(struct span line, struct call *ret);

/* What its arguments point to is read from /proc/PID/mem as far as that can be; the caller calls decoded_call_deinit. */
void call_decode(uint32_t pid, const struct call *call, struct decoded_call *ret);
/* Does it wait until a time, not for so long? Then its limit counts from now on. */
bool call_is_absolute(const struct call *call);
void decoded_call_deinit(struct decoded_call *decoded);

#endif
