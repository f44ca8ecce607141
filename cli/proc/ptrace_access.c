#include "cli/proc/ptrace_access.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/proc/container.h"
#include "merger/base/number.h"
#include "cli/proc/process.h"

#define CAP_SYS_PTRACE 19
#define TRACED_LOOKS 20 /* of 1 ms */
#define YAMA "/proc/sys/kernel/yama/ptrace_scope"

/* A message is "user 1000 may not trace process 4711 (nginx) of user 33: " and one of these. */
static const char *const causes[PTRACE_ACCESS_CAUSE_COUNT] = {
	[PTRACE_ACCESS_UNKNOWN] =
	        "the system forbids it (a security module such as SELinux or AppArmor, or a "
	        "container's rules); run pmp as root outside of any container",
	[PTRACE_ACCESS_NAMESPACE] =
	        "it is in a user namespace over which this user has no power; run pmp as root "
	        "outside of any container",
	[PTRACE_ACCESS_CAPABILITY] =
	        "this is root, but without the capability CAP_SYS_PTRACE; in a container, "
	        "start that with --cap-add=SYS_PTRACE",
	[PTRACE_ACCESS_USER] =
	        "it belongs to another user; run pmp as that user, or as root (sudo)",
	[PTRACE_ACCESS_UNDUMPABLE] =
	        "it is protected from its own user (set-uid, or it gained capabilities); run "
	        "pmp as root (sudo)",
	[PTRACE_ACCESS_YAMA_CHILDREN] =
	        "kernel.yama.ptrace_scope is 1: only its parents may trace a process; run "
	        "pmp as root (sudo), or allow it: sysctl kernel.yama.ptrace_scope=0",
	[PTRACE_ACCESS_YAMA_ADMIN] =
	        "kernel.yama.ptrace_scope is 2: only root may trace; run pmp as root (sudo)",
	[PTRACE_ACCESS_YAMA_NOBODY] =
	        "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot; set it "
	        "to 1 in /etc/sysctl.d and reboot",
	[PTRACE_ACCESS_SECCOMP] = "a seccomp filter forbids ptrace here; start the container with "
	                          "--cap-add=SYS_PTRACE or --security-opt seccomp=unconfined",
};

enum ptrace_access_cause ptrace_access_cause(const struct ptrace_access_facts *facts)
{
	bool own = facts->euid == facts->target_uid && facts->euid == facts->target_euid;

	if (facts->yama >= 3)
		return PTRACE_ACCESS_YAMA_NOBODY;
	if (facts->may_trace_all)
		return !facts->same_userns ? PTRACE_ACCESS_NAMESPACE
		       : facts->filtered   ? PTRACE_ACCESS_SECCOMP
		                           : PTRACE_ACCESS_UNKNOWN;
	if (facts->euid == 0)
		return PTRACE_ACCESS_CAPABILITY;
	if (!own)
		return PTRACE_ACCESS_USER;
	if (!facts->same_userns)
		return PTRACE_ACCESS_NAMESPACE;
	if (!facts->dumpable)
		return PTRACE_ACCESS_UNDUMPABLE;
	if (facts->yama == 2)
		return PTRACE_ACCESS_YAMA_ADMIN;
	if (facts->yama == 1)
		return PTRACE_ACCESS_YAMA_CHILDREN;
	return facts->filtered ? PTRACE_ACCESS_SECCOMP : PTRACE_ACCESS_UNKNOWN;
}

const char *ptrace_access_text(enum ptrace_access_cause cause)
{
	return causes[cause];
}

static int read_yama(void)
{
	char text[16] = "";
	int fd = open(YAMA, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return *text ? atoi(text) : -1;
}

/* True if not all users of the system are mapped (user_namespaces(7)), as in a container with its
 * own users. */
static bool is_in_user_namespace(void)
{
	struct buf map = { 0 };
	struct span rest, word = { 0 };
	uint64_t count = UINT32_MAX;

	if (!process_read((uint32_t)getpid(), "uid_map", 4096, &map))
		return false;
	rest = buf_span(&map);
	/* The first id inside, the first one outside, the number of ids. */
	for (size_t i = 0; i < 3; i++)
		span_take_word(&rest, &word);
	number_take(&word, 10, &count);
	buf_deinit(&map);
	return count && count != UINT32_MAX;
}

static void gather_facts(uint32_t pid, struct ptrace_access_facts *ret)
{
	struct process_status own, its;
	char own_ns[64], its_ns[64], path[64];
	struct stat st;

	process_status((uint32_t)getpid(), 0, &own);
	process_status(pid, 0, &its);
	process_link((uint32_t)getpid(), "ns/user", own_ns, sizeof(own_ns));
	process_link(pid, "ns/user", its_ns, sizeof(its_ns));
	snprintf(path, sizeof(path), "/proc/%u", pid);
	*ret = (struct ptrace_access_facts){
		.euid = geteuid(),
		.may_trace_all = own.caps >> CAP_SYS_PTRACE & 1,
		.target_uid = its.uid,
		.target_euid = its.euid,
		.dumpable = stat(path, &st) || st.st_uid == its.euid,
		/* The link is unreadable if pmp may not trace the process, whatever its namespace.
		 * But with CAP_SYS_PTRACE in its own user namespace, pmp can read the links of all
		 * processes there: an unreadable one is in another namespace. */
		.same_userns =
		        *its_ns ? !strcmp(own_ns, its_ns)
		                : !(is_in_user_namespace() && own.caps >> CAP_SYS_PTRACE & 1),
		.yama = read_yama(),
		.filtered = own.seccomp == 2,
	};
}

static bool fail_permission(uint32_t pid, const char *comm, struct error *err)
{
	struct ptrace_access_facts facts;

	gather_facts(pid, &facts);
	return error_set(err, ERROR_PERMISSION,
	                 "not permitted: user %u may not trace process %u (%s) of user %u: %s",
	                 facts.euid, pid, comm, facts.target_uid,
	                 ptrace_access_text(ptrace_access_cause(&facts)));
}

static bool fail_traced(uint32_t pid, const char *comm, uint32_t tracer, struct error *err)
{
	struct process_stat stat;

	if (!process_stat(tracer, 0, &stat))
		snprintf(stat.comm, sizeof(stat.comm), "?");
	return error_set(
	        err, ERROR_TRACED,
	        "process %u (%s) is traced already, by process %u (%s): only one at a time "
	        "can; end that one, or wait for it",
	        pid, comm, tracer, stat.comm);
}

/* If the user typed a pid of a container, the message names the pid outside of it. */
static bool fail_no_process(uint32_t pid, struct error *err)
{
	uint32_t found[2];
	struct process_stat stat;
	size_t count = container_find(pid, found, 2);

	if (!count)
		return error_set(err, ERROR_NO_PROCESS,
		                 "no process %u; look for it with ps or pgrep", pid);
	if (count > 1)
		return error_set(err, ERROR_NO_PROCESS,
		                 "no process %u here; more than one container has one: look for "
		                 "it with grep NSpid /proc/[0-9]*/status",
		                 pid);
	process_stat(*found, 0, &stat);
	return error_set(err, ERROR_NO_PROCESS,
	                 "no process %u here; process %u of a container is process %u (%s) here: "
	                 "use -p %u",
	                 pid, pid, *found, stat.comm, *found);
}

/* Is it traced for longer than the moment for which another pmp traces it? */
static bool is_traced(uint32_t pid, struct process_status *status)
{
	for (int i = 0; status->tracer && i < TRACED_LOOKS; i++) {
		usleep(1000);
		if (!process_status(pid, 0, status))
			return false;
	}
	return status->tracer;
}

/* Checks for states in which no user can trace it. true: none of them. */
static bool check_state(uint32_t pid, struct process_stat *stat, struct error *err)
{
	struct process_status status;

	errno = 0;
	if (!process_stat(pid, 0, stat) || !process_status(pid, 0, &status)) {
		/* Another error, such as EMFILE. */
		if (errno && errno != ENOENT && errno != ESRCH)
			return error_set(err, ERROR_FAILED, "cannot read /proc/%u: %s", pid,
			                 strerror(errno));
		return fail_no_process(pid, err);
	}
	if (status.tgid != pid)
		return error_set(
		        err, ERROR_NO_PROCESS,
		        "%u is a thread of process %u; use -p %u, which samples all its threads",
		        pid, status.tgid, status.tgid);
	if (process_life(pid, 0) == PROCESS_ZOMBIE) {
		struct process_threads threads = { 0 };
		struct process_attach_state state = process_attach_state(pid, 0, &threads);

		process_threads_deinit(&threads);
		if (state.life == PROCESS_ALIVE)
			return error_set(err, ERROR_FAILED,
			                 "the main thread of process %u (%s) has ended: the "
			                 "threads that are left cannot be sampled",
			                 pid, stat->comm);
		return error_set(
		        err, ERROR_NO_PROCESS,
		        "process %u (%s) has ended: it is a zombie that its parent, process %u, "
		        "has not waited for",
		        pid, stat->comm, stat->ppid);
	}
	if (stat->kernel_thread)
		return error_set(
		        err, ERROR_PERMISSION,
		        "process %u (%s) is a thread of the kernel's: no debugger can look at it",
		        pid, stat->comm);
	if (is_traced(pid, &status))
		return fail_traced(pid, stat->comm, status.tracer, err);
	return true;
}

bool ptrace_access_check(uint32_t pid, struct error *err)
{
	struct process_stat stat;
	char path[64];
	int fd;

	if (pid == (uint32_t)getpid())
		return error_set(err, ERROR_USAGE, "process %u is pmp itself", pid);
	if (!check_state(pid, &stat, err))
		return false;
	/* To open this file, the kernel makes the same check as to trace, and the target does not
	 * notice. */
	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return fail_permission(pid, stat.comm, err);
	if (fd >= 0)
		close(fd);
	return true;
}

bool ptrace_access_attach(uint32_t pid, const char *text, struct error *err)
{
	struct process_stat stat;

	if (!check_state(pid, &stat, err))
		return false;
	if (strstr(text, "not permitted") || strstr(text, "ermission denied"))
		return fail_permission(pid, stat.comm, err);
	return error_set(err, ERROR_FAILED, "process %u (%s) could not be sampled: %s", pid,
	                 stat.comm, *text ? text : "gdb does not say why");
}
