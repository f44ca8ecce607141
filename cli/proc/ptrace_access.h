/* ptrace_access: why a process cannot be sampled, and what to do about it. One line each, with an exit code. */
#ifndef PMP_PTRACE_ACCESS_H
#define PMP_PTRACE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"

/* What decides whether the kernel lets one process trace another (ptrace(2), "access mode checking"). */
struct refusal_facts {
	uint32_t euid;      /* pmp's */
	bool may_trace_all; /* pmp has CAP_SYS_PTRACE */
	uint32_t target_uid, target_euid;
	bool dumpable; /* /proc/PID belongs to its user; no, if it is set-uid or gained capabilities */
	bool same_userns; /* as pmp's */
	int yama;         /* kernel.yama.ptrace_scope, -1 where there is none */
	bool filtered;    /* pmp itself is under a seccomp filter */
};

enum refusal_cause {
	REFUSAL_UNKNOWN,
	REFUSAL_NAMESPACE,
	REFUSAL_CAPABILITY, /* root, but without CAP_SYS_PTRACE */
	REFUSAL_USER,
	REFUSAL_UNDUMPABLE,
	REFUSAL_YAMA_CHILDREN, /* 1 */
	REFUSAL_YAMA_ADMIN,    /* 2 */
	REFUSAL_YAMA_NOBODY,   /* 3 */
	REFUSAL_SECCOMP,
	REFUSAL_CAUSE_COUNT
};

enum refusal_cause refusal_cause(const struct refusal_facts *facts);
/* What that means, and the cure: the part of the message behind the processes' names. */
const char *refusal_text(enum refusal_cause cause);

/* Looks at a process before a gdb is spent on it. false: it cannot be sampled, and *err says why. */
bool refusal_check(uint32_t pid, struct error *err);
/* gdb could not attach and said `text`: the reason, as far as /proc tells it. Always false. */
bool refusal_attach(uint32_t pid, const char *text, struct error *err);

#endif
