/* ptrace_access: why a process cannot be sampled, and what to do about it. One line each, with an exit code. */
#ifndef PMP_PTRACE_ACCESS_H
#define PMP_PTRACE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"

/* What decides whether the kernel lets one process trace another (ptrace(2), "access mode checking"). */
struct ptrace_access_facts {
	uint32_t euid;      /* pmp's */
	bool may_trace_all; /* pmp has CAP_SYS_PTRACE */
	uint32_t target_uid, target_euid;
	bool dumpable; /* /proc/PID belongs to its user; no, if it is set-uid or gained capabilities */
	bool same_userns; /* as pmp's */
	int yama;         /* kernel.yama.ptrace_scope, -1 where there is none */
	bool filtered;    /* pmp itself is under a seccomp filter */
};

enum ptrace_access_cause {
	PTRACE_ACCESS_UNKNOWN,
	PTRACE_ACCESS_NAMESPACE,
	PTRACE_ACCESS_CAPABILITY, /* root, but without CAP_SYS_PTRACE */
	PTRACE_ACCESS_USER,
	PTRACE_ACCESS_UNDUMPABLE,
	PTRACE_ACCESS_YAMA_CHILDREN, /* 1 */
	PTRACE_ACCESS_YAMA_ADMIN,    /* 2 */
	PTRACE_ACCESS_YAMA_NOBODY,   /* 3 */
	PTRACE_ACCESS_SECCOMP,
	PTRACE_ACCESS_CAUSE_COUNT
};

enum ptrace_access_cause ptrace_access_cause(const struct ptrace_access_facts *facts);
/* What that means, and the cure: the part of the message behind the processes' names. */
const char *ptrace_access_text(enum ptrace_access_cause cause);

/* Looks at a process before a gdb is spent on it. false: it cannot be sampled, and *err says why. */
bool ptrace_access_check(uint32_t pid, struct error *err);
/* gdb could not attach and said `text`: the reason, as far as /proc tells it. Always false. */
bool ptrace_access_attach(uint32_t pid, const char *text, struct error *err);

#endif
