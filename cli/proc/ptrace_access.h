/* ptrace_access: finds out why a process cannot be sampled. Each message is one line with the cause
 * and the cure, and has an exit code. */
#ifndef PMP_PTRACE_ACCESS_H
#define PMP_PTRACE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "merger/base/error.h"

/* The facts by which the kernel decides whether pmp may trace a process (ptrace(2), "access mode
 * checking"). */
struct ptrace_access_facts {
	uint32_t euid;      /* pmp's */
	bool may_trace_all; /* pmp has CAP_SYS_PTRACE */
	uint32_t target_uid, target_euid;
	bool dumpable;    /* false: set-uid, or it gained capabilities; root owns /proc/PID then */
	bool same_userns; /* the process is in pmp's user namespace */
	int yama;         /* kernel.yama.ptrace_scope; -1: the kernel has none */
	bool filtered;    /* pmp itself is under a seccomp filter */
};

enum ptrace_access_cause {
	PTRACE_ACCESS_UNKNOWN,
	PTRACE_ACCESS_NAMESPACE,
	PTRACE_ACCESS_CAPABILITY, /* root, but without CAP_SYS_PTRACE */
	PTRACE_ACCESS_USER,
	PTRACE_ACCESS_UNDUMPABLE,
	PTRACE_ACCESS_YAMA_CHILDREN, /* ptrace_scope is 1 */
	PTRACE_ACCESS_YAMA_ADMIN,    /* ptrace_scope is 2 */
	PTRACE_ACCESS_YAMA_NOBODY,   /* ptrace_scope is 3 */
	PTRACE_ACCESS_SECCOMP,
	PTRACE_ACCESS_CAUSE_COUNT
};

enum ptrace_access_cause ptrace_access_cause(const struct ptrace_access_facts *facts);
/* The cause in words, and the cure: the part of the message after the names of the processes. */
const char *ptrace_access_text(enum ptrace_access_cause cause);

/* Checks a process before a gdb is started for it. false: it cannot be sampled; *err has the
 * reason. */
bool ptrace_access_check(uint32_t pid, struct error *err);
/* A sample was refused; gdb printed `text`: sets *err to the reason, by /proc if possible. Always
 * false. */
bool ptrace_access_attach(uint32_t pid, const char *text, struct error *err);

#endif
