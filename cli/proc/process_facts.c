#include "cli/proc/process_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "merger/parse/marker.h"
#include "cli/proc/syscall_decoder.h"
#include "cli/proc/open_files.h"
#include "cli/proc/call_object.h"
#include "cli/proc/kernel_stacks.h"
#include "cli/proc/process.h"
#include "cli/proc/process_title.h"
#include "cli/proc/restarted_call.h"
#include "cli/proc/sleep_clock.h"

#define TEXT_MAX 4096

struct facts {
	uint32_t pid;
	uint32_t memory_pid; /* the same; 0: a read of its memory may wait */
	bool is_32bit;
	struct process_threads threads;
	struct open_files open_files;
	struct sleep_clock clock;
	bool hop;
	struct process_facts_others others;
	bool waits_for_child;   /* a thread waits for any child */
	bool syscall_is_hidden; /* some thread's system call cannot be read */
	struct buf text, *ret;
};

static struct span read_task_file(struct facts *facts, uint32_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "task/%" PRIu32 "/%s", tid, name);
	if (!process_read(facts->pid, path, TEXT_MAX, &facts->text))
		buf_clear(&facts->text);
	return span_trim(buf_span(&facts->text));
}

static void add_name(struct buf *ret, const char *key, uint32_t pid)
{
	char name[COMMAND_NAME_MAX];

	if (!pid)
		return;
	process_title_label(pid, name, sizeof(name));
	if (strcmp(name, "?") != 0)
		marker_add(ret, key, span_of(name));
}

static void add_title(struct buf *ret, uint32_t pid)
{
	struct command_name title;

	process_title_read(pid, &title);
	if (title.title[0])
		marker_add(ret, "title", span_of(title.title));
	if (title.command[0])
		marker_add(ret, "command", span_of(title.command));
}

static void note_other(struct facts *facts, uint32_t pid)
{
	if (facts->others.count < PROCESS_FACTS_OTHERS)
		facts->others.pids[facts->others.count++] = pid;
}

/* The signal that stopped the process: while it is stopped, that is the last field of stat,
 * exit_code (fs/proc/array.c). 0: pmp may not read it. */
static uint32_t read_stop_signal(struct facts *facts)
{
	struct span text;
	const char *blank;

	if (!process_read(facts->pid, "stat", TEXT_MAX, &facts->text))
		return 0;
	text = span_trim(buf_span(&facts->text));
	blank = text.len ? memrchr(text.ptr, ' ', text.len) : NULL;
	return blank ? (uint32_t)strtoul(blank, NULL, 10) & 127 : 0;
}

static void add_process(struct facts *facts, const struct process_stat *stat)
{
	struct process_status status = { 0 };

	process_status(facts->pid, 0, &status);
	marker_open(facts->ret, "process");
	marker_addf(facts->ret, "pid", "%" PRIu32, facts->pid);
	marker_addf(facts->ret, "ppid", "%" PRIu32, stat->ppid);
	add_name(facts->ret, "ppid_name", stat->ppid);
	marker_add(facts->ret, "name", span_of(stat->comm));
	add_title(facts->ret, facts->pid);
	if (facts->hop)
		marker_addf(facts->ret, "hop", "1");
	marker_addf(facts->ret, "state", "%c", stat->state);
	marker_addf(facts->ret, "cpu_us", "%" PRIu64, process_ticks_us(stat->cpu_ticks));
	if (process_age_us(stat))
		marker_addf(facts->ret, "age_us", "%" PRIu64, process_age_us(stat));
	if (stat->state == 'T' && read_stop_signal(facts))
		marker_addf(facts->ret, "signal", "%" PRIu32, read_stop_signal(facts));
	if (status.tracer) {
		marker_addf(facts->ret, "tracer", "%" PRIu32, status.tracer);
		add_name(facts->ret, "tracer_name", status.tracer);
	}
	marker_close(facts->ret);
}

/* If it is unknown for how long the thread has slept, at most the whole timeout is left. */
static void add_time_left(struct facts *facts, uint32_t tid, const struct decoded_syscall *decoded)
{
	bool is_most = decoded->limit_is_most;
	uint64_t slept = 0;

	if (!decoded->has_limit)
		return;
	if (!decoded->limit_is_from_now &&
	    !sleep_clock_measure(&facts->clock, facts->pid, tid, &slept))
		is_most = true;
	marker_addf(facts->ret, "left_us", "%" PRIu64,
	            decoded->limit_us > slept ? decoded->limit_us - slept : 0);
	if (is_most)
		marker_addf(facts->ret, "left_is_most", "1");
}

#define POLLED_MAX 3 /* pipes of one child: its stdin, stdout and stderr */

/* Does the call wait for its descriptors, and for nothing else? An event loop does not. */
static bool waits_for_all(const struct decoded_syscall *decoded)
{
	enum syscall_class class = decoded->class;

	if (class == SYSCALL_POLL)
		return decoded->fd_count <= POLLED_MAX;
	return class == SYSCALL_READ || class == SYSCALL_WRITE || class == SYSCALL_CONNECT ||
	       class == SYSCALL_FILE_LOCK;
}

/* Adds the descriptors; for an epoll also those that it waits for. */
static void add_fds(struct facts *facts, const struct decoded_syscall *decoded)
{
	uint32_t inner[SYSCALL_FDS_MAX];

	for (size_t i = 0; i < decoded->fd_count; i++) {
		size_t count = decoded->class == SYSCALL_POLL
		                       ? open_files_epoll(facts->pid, decoded->fds[i], inner,
		                                          SYSCALL_FDS_MAX)
		                       : 0;

		marker_addf(facts->ret, "fd", "%" PRIu32, decoded->fds[i]);
		open_files_request(&facts->open_files, facts->pid, decoded->fds[i]);
		if (waits_for_all(decoded))
			open_files_wait(&facts->open_files, facts->pid, decoded->fds[i]);
		for (size_t j = 0; j < count; j++) {
			marker_addf(facts->ret, "fd", "%" PRIu32, inner[j]);
			open_files_request(&facts->open_files, facts->pid, inner[j]);
		}
	}
}

/* May a thread in state D hold the lock of the process's memory (mmap_lock) for long? So may a page
 * fault, which is outside of system calls, and a call that changes mappings. */
static bool may_lock_memory(struct facts *facts, const struct process_thread *thread)
{
	static const uint16_t calls[] = {
		SYS_mmap,       SYS_munmap,   SYS_mprotect,   SYS_mremap, SYS_brk,    SYS_msync,
		SYS_shmat,      SYS_shmdt,    SYS_madvise,    SYS_mlock,  SYS_fork,   SYS_munlock,
		SYS_clone,      SYS_mlockall, SYS_execve,     SYS_exit,   SYS_mlock2, SYS_clone3,
		SYS_munlockall, SYS_execveat, SYS_exit_group,
	};
	struct syscall_info info;

	if (thread->stat.state != 'D')
		return false;
	if (!syscall_parse(read_task_file(facts, thread->tid, "syscall"), &info))
		return true;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == info.number)
			return true;
	return false;
}

static void add_decoded_syscall(struct facts *facts, const struct process_thread *thread,
                                const struct syscall_info *info, struct span wchan)
{
	const struct call_place place = { facts->pid, facts->memory_pid, thread->stat.state,
		                          wchan };
	struct decoded_syscall decoded;
	struct buf object = { 0 };

	syscall_decode(facts->memory_pid, info, &decoded);
	marker_add(facts->ret, "call", buf_span(&decoded.text));
	marker_add(facts->ret, "class", span_of(syscall_class_name(decoded.class)));
	add_fds(facts, &decoded);
	call_object_describe(&place, info, &decoded, &object);
	if (object.len)
		marker_add(facts->ret, "object", buf_span(&object));
	add_time_left(facts, thread->tid, &decoded);
	if (decoded.wait_pid) {
		marker_addf(facts->ret, "wait_pid", "%" PRIu32, decoded.wait_pid);
		note_other(facts, decoded.wait_pid);
	} else if (decoded.class == SYSCALL_CHILD) {
		facts->waits_for_child = true;
	}
	buf_deinit(&object);
	decoded_syscall_deinit(&decoded);
}

/* wchan: the kernel function in which it sleeps, or empty. */
static void add_syscall(struct facts *facts, const struct process_thread *thread, struct span wchan)
{
	struct span line = read_task_file(facts, thread->tid, "syscall");
	struct syscall_info info;

	if (!line.len)
		facts->syscall_is_hidden = true;
	if (span_starts(line, SPAN_LIT("running")) || thread->stat.state == 'R') {
		marker_add(facts->ret, "class", span_of(syscall_class_name(SYSCALL_RUNNING)));
	} else if (!facts->is_32bit && syscall_parse(line, &info)) {
		restarted_call_resolve(facts->memory_pid, wchan, &info);
		marker_addf(facts->ret, "syscall", "%" PRIu64, info.number);
		for (size_t i = 0; i < SYSCALL_ARGS; i++)
			marker_addf(facts->ret, "arg", "0x%" PRIx64, info.args[i]);
		add_decoded_syscall(facts, thread, &info, wchan);
	}
}

static void add_thread(struct facts *facts, const struct process_thread *thread)
{
	char wchan[64];
	struct process_schedstat times;

	marker_open(facts->ret, "thread");
	marker_addf(facts->ret, "pid", "%" PRIu32, facts->pid);
	marker_addf(facts->ret, "tid", "%" PRIu32, thread->tid);
	marker_add(facts->ret, "name", span_of(thread->stat.comm));
	marker_addf(facts->ret, "state", "%c", thread->stat.state);
	if (process_schedstat(facts->pid, thread->tid, &times)) {
		marker_addf(facts->ret, "cpu_us", "%" PRIu64, times.cpu_ns / 1000);
		marker_addf(facts->ret, "runs", "%" PRIu64, times.runs);
	}
	snprintf(wchan, sizeof(wchan), "%.*s",
	         SPAN_ARG(read_task_file(facts, thread->tid, "wchan")));
	if (wchan[0] && strcmp(wchan, "0") != 0)
		marker_add(facts->ret, "wchan", span_of(wchan));
	add_syscall(facts, thread, span_of(wchan));
	kernel_stacks_frames(facts->pid, thread->tid, facts->ret);
	marker_close(facts->ret);
}

static void add_children(struct facts *facts)
{
	uint32_t *pids = NULL, only = 0;
	size_t count = 0, cap = 0, alive = 0;

	process_descendants(facts->pid, &pids, &count, &cap);
	for (size_t i = 0; i < count; i++) {
		struct process_stat stat;

		if (!process_stat(pids[i], 0, &stat) || stat.ppid != facts->pid)
			continue;
		marker_open(facts->ret, "child");
		marker_addf(facts->ret, "pid", "%" PRIu32, pids[i]);
		marker_addf(facts->ret, "ppid", "%" PRIu32, facts->pid);
		marker_addf(facts->ret, "state", "%c", stat.state);
		add_name(facts->ret, "name", pids[i]);
		marker_close(facts->ret);
		alive += stat.state != 'Z';
		only = stat.state != 'Z' ? pids[i] : only;
	}
	if (facts->waits_for_child && alive == 1)
		note_other(facts, only);
	free(pids);
}

void process_facts_add(uint32_t pid, bool hop, struct process_facts_others *others, struct buf *ret)
{
	struct facts facts = { .pid = pid, .hop = hop, .ret = ret };
	struct process_stat stat;

	if (others)
		others->count = 0;
	if (!process_stat(pid, 0, &stat))
		return;
	add_process(&facts, &stat);
	process_threads(pid, &facts.threads);
	/* A thread in state D may hold a lock that some files of /proc take. */
	facts.is_32bit = !process_has_blocked_thread(&facts.threads) && process_is_32bit(pid);
	facts.memory_pid = pid;
	for (size_t i = 0; i < facts.threads.count; i++)
		if (may_lock_memory(&facts, &facts.threads.rows[i]))
			facts.memory_pid = 0;
	for (size_t i = 0; i < facts.threads.count; i++)
		add_thread(&facts, &facts.threads.rows[i]);
	open_files_add(&facts.open_files, ret);
	add_children(&facts);
	facts.others.count +=
	        open_files_others(&facts.open_files, facts.others.pids + facts.others.count,
	                          PROCESS_FACTS_OTHERS - facts.others.count);
	if (others)
		*others = facts.others;
	if (facts.syscall_is_hidden && stat.state != 'Z')
		marker_unread(ret, "system calls",
		              "/proc/PID/task/TID/syscall is for those who may trace the process");
	if (facts.is_32bit)
		marker_unread(ret, "system calls", "those of a 32-bit program have other numbers");
	open_files_deinit(&facts.open_files);
	process_threads_deinit(&facts.threads);
	buf_deinit(&facts.text);
}
