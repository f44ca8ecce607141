#include "cli/proc/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "merger/base/alloc.h"

#define STAT_MAX 4096
#define THREADS_MAX 100000 /* more are ignored */
#define PF_KTHREAD 0x00200000u

/* Takes a number off the front of *s. false: there is none. */
static bool take_number(struct span *s, unsigned base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	size_t i = 0;
	uint64_t value = 0;

	for (; i < s->len; i++) {
		const char *digit = memchr(digits, s->ptr[i] | 0x20, base);

		if (!digit || value > UINT64_MAX / base - base)
			break;
		value = value * base + (uint64_t)(digit - digits);
	}
	if (!i)
		return false;
	*s = span_skip(*s, i);
	*ret = value;
	return true;
}

static struct span take_field(struct span *s)
{
	struct span field;

	while (s->len && (*s->ptr == ' ' || *s->ptr == '\t'))
		*s = span_skip(*s, 1);
	field = (struct span){ s->ptr, 0 };
	while (field.len < s->len && s->ptr[field.len] != ' ' && s->ptr[field.len] != '\t')
		field.len++;
	*s = span_skip(*s, field.len);
	return field;
}

/* text: "4711 (a) R (b) S 1 4711 ...", where "a) R (b" is the name. */
bool process_stat_parse(struct span text, struct process_stat *ret)
{
	const char *open = text.len ? memchr(text.ptr, '(', text.len) : NULL;
	const char *close = text.len ? memrchr(text.ptr, ')', text.len) : NULL;
	struct span rest, state, field;
	uint64_t number;
	size_t len;

	*ret = (struct process_stat){ 0 };
	if (!open || !close || close < open)
		return false;
	len = (size_t)(close - open - 1);
	if (len >= sizeof(ret->comm))
		len = sizeof(ret->comm) - 1;
	memcpy(ret->comm, open + 1, len);
	rest = span_skip(text, (size_t)(close + 1 - text.ptr));
	if (rest.len && rest.ptr[rest.len - 1] == '\n')
		rest.len--;
	state = take_field(&rest);
	if (state.len != 1)
		return false;
	ret->state = *state.ptr;
	/* Numbered as in proc(5), where the state is field 3. */
	for (unsigned n = 4; n <= 22; n++) {
		field = take_field(&rest);
		if (!field.len)
			return false;
		if (n != 4 && n != 9 && n != 14 && n != 15 && n != 22)
			continue;
		if (!take_number(&field, 10, &number) || field.len)
			return false;
		if (n == 4)
			ret->ppid = (uint32_t)number;
		else if (n == 9)
			ret->kernel_thread = number & PF_KTHREAD;
		else if (n < 22) /* 14 in user mode, 15 in the kernel */
			ret->cpu_ticks += number;
		else
			ret->starttime = number;
	}
	return true;
}

enum status_field {
	STATUS_TGID,
	STATUS_TRACER,
	STATUS_UID,
	STATUS_PENDING,
	STATUS_TAKEN,
	STATUS_CAPS,
	STATUS_SECCOMP,
	STATUS_SWITCHES,
	STATUS_NSPID,
};

static bool take_status_field(struct process_status *ret, enum status_field field,
                              struct span value)
{
	unsigned base =
	        field == STATUS_PENDING || field == STATUS_TAKEN || field == STATUS_CAPS ? 16 : 10;
	uint64_t number, second;

	value = span_trim(value);
	if (!take_number(&value, base, &number))
		return false;
	switch (field) {
	case STATUS_TGID:
		ret->tgid = (uint32_t)number;
		break;
	case STATUS_TRACER:
		ret->tracer = (uint32_t)number;
		break;
	case STATUS_UID: /* real, effective, saved, file system */
		value = span_trim(value);
		if (!take_number(&value, 10, &second))
			return false;
		ret->uid = (uint32_t)number;
		ret->euid = (uint32_t)second;
		break;
	case STATUS_PENDING:
		ret->pending |= number;
		break;
	case STATUS_TAKEN:
		ret->taken |= number;
		break;
	case STATUS_CAPS:
		ret->caps = number;
		break;
	case STATUS_SWITCHES:
		ret->switches = number;
		break;
	case STATUS_SECCOMP:
		ret->seccomp = (unsigned)number;
		break;
	case STATUS_NSPID: /* a pid for each namespace, that of this /proc first */
		for (value = span_trim(value); value.len; value = span_trim(value)) {
			if (!take_number(&value, 10, &second))
				return false;
			ret->inner_pid = (uint32_t)second;
		}
		break;
	}
	return true;
}

bool process_status_parse(struct span text, struct process_status *ret)
{
	static const struct {
		struct span key;
		enum status_field field;
	} rows[] = {
		{ SPAN_LIT("Tgid:"), STATUS_TGID },
		{ SPAN_LIT("TracerPid:"), STATUS_TRACER },
		{ SPAN_LIT("Uid:"), STATUS_UID },
		{ SPAN_LIT("SigPnd:"), STATUS_PENDING },
		{ SPAN_LIT("ShdPnd:"), STATUS_PENDING },
		{ SPAN_LIT("SigIgn:"), STATUS_TAKEN },
		{ SPAN_LIT("SigCgt:"), STATUS_TAKEN },
		{ SPAN_LIT("CapEff:"), STATUS_CAPS },
		{ SPAN_LIT("Seccomp:"), STATUS_SECCOMP },
		{ SPAN_LIT("NSpid:"), STATUS_NSPID },
		{ SPAN_LIT("voluntary_ctxt_switches:"), STATUS_SWITCHES },
	};
	struct span line;
	bool tgid = false;

	*ret = (struct process_status){ 0 };
	while (span_take_line(&text, &line)) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			struct span value = line;

			if (!span_take(&value, rows[i].key))
				continue;
			if (!take_status_field(ret, rows[i].field, value))
				return false;
			tgid |= rows[i].field == STATUS_TGID;
		}
	}
	return tgid;
}

/* line: "55d0-55d4 r-xp 00001000 fe:01 1234    /usr/bin/x (deleted)". */
bool process_map_parse(struct span line, struct process_map *ret)
{
	struct span perms;

	*ret = (struct process_map){ 0 };
	if (!take_number(&line, 16, &ret->start) || !span_take(&line, SPAN_LIT("-")) ||
	    !take_number(&line, 16, &ret->end) || ret->end < ret->start)
		return false;
	perms = take_field(&line);
	if (perms.len != 4)
		return false;
	memcpy(ret->perms, perms.ptr, 4);
	line = span_trim(line);
	if (!take_number(&line, 16, &ret->offset))
		return false;
	if (!take_field(&line).len || !take_field(&line).len)
		return false;
	while (line.len && *line.ptr == ' ')
		line = span_skip(line, 1);
	ret->path = line;
	if (span_ends(ret->path, SPAN_LIT(" (deleted)")))
		ret->path.len -= sizeof(" (deleted)") - 1;
	return true;
}

bool process_read(uint32_t pid, const char *name, size_t max, struct buf *ret)
{
	char path[128];
	int fd, saved;
	ssize_t got = 0;

	buf_clear(ret);
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	while (ret->len < max) {
		size_t want = max - ret->len < 65536 ? max - ret->len : 65536;

		got = read(fd, buf_reserve(ret, want), want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		ret->len += (size_t)got;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return got >= 0;
}

/* A thread that ended between open and read gives ESRCH. */
static bool read_small(uint32_t pid, uint32_t tid, const char *name, char *text, struct span *ret)
{
	char path[128];
	ssize_t got;
	int fd;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%u/task/%u/%s", pid, tid, name);
	else
		snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	do
		got = read(fd, text, STAT_MAX);
	while (got < 0 && errno == EINTR);
	close(fd);
	*ret = (struct span){ text, got > 0 ? (size_t)got : 0 };
	return got > 0;
}

bool process_stat(uint32_t pid, uint32_t tid, struct process_stat *ret)
{
	char text[STAT_MAX];
	struct span span;

	*ret = (struct process_stat){ 0 };
	return read_small(pid, tid, "stat", text, &span) && process_stat_parse(span, ret);
}

bool process_status(uint32_t pid, uint32_t tid, struct process_status *ret)
{
	char text[STAT_MAX];
	struct span span;

	*ret = (struct process_status){ 0 };
	return read_small(pid, tid, "status", text, &span) && process_status_parse(span, ret);
}

bool process_schedstat(uint32_t pid, uint32_t tid, struct process_schedstat *ret)
{
	char text[STAT_MAX];
	struct span span, field;

	if (!read_small(pid, tid, "schedstat", text, &span))
		return false;
	field = take_field(&span);
	if (!take_number(&field, 10, &ret->cpu_ns) || !ret->cpu_ns)
		return false;
	field = take_field(&span);
	if (!take_number(&field, 10, &ret->ready_ns))
		return false;
	field = take_field(&span);
	return take_number(&field, 10, &ret->runs);
}

bool process_cpu_ns(uint32_t pid, uint32_t tid, uint64_t *ret)
{
	struct process_schedstat times;

	if (!process_schedstat(pid, tid, &times))
		return false;
	*ret = times.cpu_ns;
	return true;
}

uint64_t process_ticks_us(uint64_t ticks)
{
	long per_second = sysconf(_SC_CLK_TCK);

	return per_second > 0 ? ticks * 1000000 / (uint64_t)per_second : 0;
}

uint64_t process_age_us(const struct process_stat *stat)
{
	struct timespec now;
	uint64_t start_us = process_ticks_us(stat->starttime), now_us;

	if (clock_gettime(CLOCK_BOOTTIME, &now))
		return 0;
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	return start_us && now_us > start_us ? now_us - start_us : 0;
}

/* The kernel keeps the auxiliary vector with the process, so no file is read and no lock taken. It
 * holds pairs of a small number and a value. In 64-bit words, bytes 4 to 7 are the upper half of
 * the first number, so 0; in 32-bit words they are the first value, which is not 0. */
bool process_is_32bit(uint32_t pid)
{
	char text[STAT_MAX];
	struct span span;
	uint32_t second = 0;

	if (!read_small(pid, 0, "auxv", text, &span) || span.len < 8)
		return false;
	memcpy(&second, span.ptr + 4, sizeof(second));
	return second != 0;
}

void process_link(uint32_t pid, const char *name, char *ret, size_t len)
{
	char path[128];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	got = readlink(path, ret, len - 1);
	ret[got > 0 ? got : 0] = '\0';
}

bool process_entry_number(const char *text, uint32_t *ret)
{
	struct span name = span_of(text);
	uint64_t number;

	if (!take_number(&name, 10, &number) || name.len || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool process_has_blocked_thread(const struct process_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->rows[i].stat.state == 'D')
			return true;
	return false;
}

bool process_threads(uint32_t pid, struct process_threads *ret)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	ret->count = 0;
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (ret->count < THREADS_MAX && (entry = readdir(dir))) {
		struct process_thread thread = { 0 };

		if (!process_entry_number(entry->d_name, &thread.tid) ||
		    !process_stat(pid, thread.tid, &thread.stat))
			continue;
		ret->rows = alloc_grow(ret->rows, &ret->cap, ret->count + 1, sizeof(*ret->rows));
		ret->rows[ret->count++] = thread;
	}
	closedir(dir);
	return ret->count > 0;
}

void process_threads_deinit(struct process_threads *threads)
{
	free(threads->rows);
	*threads = (struct process_threads){ 0 };
}

struct parent {
	uint32_t pid, ppid;
};

static size_t list_parents(struct parent **ret)
{
	size_t count = 0, cap = 0;
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	*ret = NULL;
	while (dir && (entry = readdir(dir))) {
		struct process_stat stat;
		uint32_t pid;

		if (!process_entry_number(entry->d_name, &pid) || !process_stat(pid, 0, &stat))
			continue;
		*ret = alloc_grow(*ret, &cap, count + 1, sizeof(**ret));
		(*ret)[count++] = (struct parent){ pid, stat.ppid };
	}
	if (dir)
		closedir(dir);
	return count;
}

void process_descendants(uint32_t pid, uint32_t **pids, size_t *count, size_t *cap)
{
	struct parent *all;
	size_t all_count = list_parents(&all), done = *count;
	uint32_t of = pid;

	/* Breadth first: the result is also the queue of processes whose children are searched. */
	for (;;) {
		for (size_t i = 0; i < all_count; i++) {
			if (all[i].ppid != of || all[i].pid == pid)
				continue;
			*pids = alloc_grow(*pids, cap, *count + 1, sizeof(**pids));
			(*pids)[(*count)++] = all[i].pid;
			all[i].ppid = 0;
		}
		if (done == *count)
			break;
		of = (*pids)[done++];
	}
	free(all);
}

enum process_life process_life(uint32_t pid, uint64_t starttime)
{
	struct process_stat stat;

	if (!process_stat(pid, 0, &stat) || (starttime && stat.starttime != starttime))
		return PROCESS_GONE;
	return stat.state == 'Z' || stat.state == 'X' || stat.state == 'x' ? PROCESS_ZOMBIE
	                                                                   : PROCESS_ALIVE;
}

struct process_attach_state process_attach_state(uint32_t pid, uint64_t starttime,
                                                 struct process_threads *threads)
{
	struct process_attach_state ret = { .life = process_life(pid, starttime) };
	struct process_status status;
	size_t alive = 0;

	if (ret.life == PROCESS_GONE)
		return ret;
	if (!process_threads(pid, threads) || !process_status(pid, 0, &status)) {
		ret.life = PROCESS_GONE;
		return ret;
	}
	ret.tracer = status.tracer;
	ret.leader_dead = ret.life == PROCESS_ZOMBIE;
	for (size_t i = 0; i < threads->count; i++) {
		struct process_thread *thread = &threads->rows[i];

		alive += !strchr("ZXx", thread->stat.state);
		ret.stopped |= thread->stat.state == 'T';
		if (!process_status(pid, thread->tid, &status))
			continue;
		ret.stop_pending |= status.pending >> (SIGSTOP - 1) & 1;
		thread->switches = status.switches;
	}
	/* A process whose main thread has exited looks like a zombie, but lives while other threads
	 * do. */
	ret.life = alive ? PROCESS_ALIVE : PROCESS_ZOMBIE;
	return ret;
}
