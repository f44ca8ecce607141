#include "cli/proc/syscall_decoder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "merger/parse/syscall_names.h"
#include "cli/proc/target_memory.h"

/* A letter for each argument: its meaning, and how it is printed.
 *	f  a descriptor that it waits for		p  an address
 *	n  a number					m  a timeout in ms, -1: forever
 *	t  a timespec, a timeout			v  a timeval, a timeout
 *	P  a pollfd array; its length is next		s  select's number; three sets follow
 *	a  a sockaddr; its length is next		w  a child's pid
 *	o  an operation of futex			F  its timeout, a timespec
 *	k  (as n) a clock; its flags are next
 * Arguments without a letter are not printed. Sources: the manual pages of section 2. */
struct row {
	unsigned number;
	enum syscall_class class;
	const char *shape;
};

static const struct row rows[] = {
	{ SYS_read, SYSCALL_READ, "fpn" },          { SYS_readv, SYSCALL_READ, "fpn" },
	{ SYS_pread64, SYSCALL_READ, "fpnn" },      { SYS_recvfrom, SYSCALL_READ, "fpnn" },
	{ SYS_recvmsg, SYSCALL_READ, "fpn" },       { SYS_recvmmsg, SYSCALL_READ, "fpnnt" },
	{ SYS_write, SYSCALL_WRITE, "fpn" },        { SYS_writev, SYSCALL_WRITE, "fpn" },
	{ SYS_pwrite64, SYSCALL_WRITE, "fpnn" },    { SYS_sendto, SYSCALL_WRITE, "fpnn" },
	{ SYS_sendmsg, SYSCALL_WRITE, "fpn" },      { SYS_sendfile, SYSCALL_WRITE, "fnpn" },
	{ SYS_fsync, SYSCALL_WRITE, "f" },          { SYS_fdatasync, SYSCALL_WRITE, "f" },
	{ SYS_accept, SYSCALL_ACCEPT, "fpp" },      { SYS_accept4, SYSCALL_ACCEPT, "fppn" },
	{ SYS_connect, SYSCALL_CONNECT, "fan" },    { SYS_poll, SYSCALL_POLL, "Pnm" },
	{ SYS_ppoll, SYSCALL_POLL, "Pnt" },         { SYS_select, SYSCALL_POLL, "spppv" },
	{ SYS_pselect6, SYSCALL_POLL, "spppt" },    { SYS_epoll_wait, SYSCALL_POLL, "fpnm" },
	{ SYS_epoll_pwait, SYSCALL_POLL, "fpnm" },  { SYS_epoll_pwait2, SYSCALL_POLL, "fpnt" },
	{ SYS_nanosleep, SYSCALL_SLEEP, "tp" },     { SYS_clock_nanosleep, SYSCALL_SLEEP, "knt" },
	{ SYS_wait4, SYSCALL_CHILD, "wpnp" },       { SYS_waitid, SYSCALL_CHILD, "nwpn" },
	{ SYS_vfork, SYSCALL_CHILD, "" },           { SYS_flock, SYSCALL_FILE_LOCK, "fn" },
	{ SYS_fcntl, SYSCALL_FILE_LOCK, "fnp" },    { SYS_futex, SYSCALL_FUTEX, "ponF" },
	{ SYS_pause, SYSCALL_SIGNAL, "" },          { SYS_rt_sigtimedwait, SYSCALL_SIGNAL, "ppt" },
	{ SYS_rt_sigsuspend, SYSCALL_SIGNAL, "p" },
};

struct decoder {
	uint32_t pid;
	const struct syscall_info *info;
	struct decoded_syscall *ret;
};

bool syscall_parse(struct span line, struct syscall_info *ret)
{
	char text[256], *at = text, *end;

	if (!line.len || line.len >= sizeof(text) || line.ptr[0] < '0' || line.ptr[0] > '9')
		return false;
	memcpy(text, line.ptr, line.len);
	text[line.len] = '\0';
	ret->number = strtoull(at, &end, 10);
	for (size_t i = 0; i < SYSCALL_ARGS; i++) {
		at = end;
		ret->args[i] = strtoull(at, &end, 16);
		if (end == at)
			return false;
	}
	strtoull(end, &end, 16); /* the stack pointer */
	ret->pc = strtoull(end, NULL, 16);
	ret->restarted = false;
	return true;
}

static bool read_memory(const struct decoder *decoder, uint64_t address, void *to, size_t len)
{
	return target_memory_read(decoder->pid, address, to, len);
}

static void add_fd(struct decoder *decoder, int64_t fd)
{
	struct decoded_syscall *ret = decoder->ret;

	if (fd >= 0 && fd <= INT32_MAX && ret->fd_count < SYSCALL_FDS_MAX)
		ret->fds[ret->fd_count++] = (uint32_t)fd;
}

static void set_limit(struct decoder *decoder, int64_t seconds, int64_t us)
{
	if (seconds < 0 || us < 0 || seconds > INT64_MAX / 2000000)
		return;
	decoder->ret->has_limit = true;
	decoder->ret->limit_us = (uint64_t)(seconds * 1000000 + us);
}

static void show_pointer(struct decoder *decoder, size_t i)
{
	if (decoder->info->args[i])
		buf_printf(&decoder->ret->text, "0x%" PRIx64, decoder->info->args[i]);
	else
		buf_add_span(&decoder->ret->text, SPAN_LIT("NULL"));
}

static void show_number(struct decoder *decoder, size_t i)
{
	buf_printf(&decoder->ret->text, "%" PRId32, (int32_t)decoder->info->args[i]);
}

static void show_fd(struct decoder *decoder, size_t i)
{
	show_number(decoder, i);
	add_fd(decoder, (int32_t)decoder->info->args[i]);
}

static void show_milliseconds(struct decoder *decoder, size_t i)
{
	int32_t limit = (int32_t)decoder->info->args[i];

	if (limit < 0) {
		buf_add_span(&decoder->ret->text, SPAN_LIT("for ever"));
		return;
	}
	buf_printf(&decoder->ret->text, "%" PRId32 " ms", limit);
	set_limit(decoder, limit / 1000, limit % 1000 * INT64_C(1000));
}

/* The clock of a call that waits until a point in time; false: it waits for a duration. Source:
 * futex(2). */
static bool find_clock(const struct syscall_info *info, clockid_t *ret)
{
	uint32_t op = (uint32_t)info->args[1];

	if (info->number == SYS_clock_nanosleep) {
		*ret = (clockid_t)info->args[0];
		return op & TIMER_ABSTIME;
	}
	*ret = op & FUTEX_CLOCK_REALTIME || (op & FUTEX_CMD_MASK) == FUTEX_LOCK_PI
	               ? CLOCK_REALTIME
	               : CLOCK_MONOTONIC;
	return info->number == SYS_futex && (op & FUTEX_CMD_MASK) != FUTEX_WAIT;
}

static void show_time(struct decoder *decoder, size_t i, int64_t parts)
{
	int64_t time[2];
	clockid_t clock;

	if (!decoder->info->args[i]) {
		buf_add_span(&decoder->ret->text, SPAN_LIT("for ever"));
	} else if (read_memory(decoder, decoder->info->args[i], time, sizeof(time))) {
		buf_printf(&decoder->ret->text, "%s%.3f s",
		           find_clock(decoder->info, &clock) ? "until " : "",
		           (double)time[0] + (double)time[1] / (double)parts);
		set_limit(decoder, time[0], time[1] / (parts / 1000000));
	} else {
		show_pointer(decoder, i);
	}
}

static void show_timespec(struct decoder *decoder, size_t i)
{
	show_time(decoder, i, 1000000000);
}

static void show_timeval(struct decoder *decoder, size_t i)
{
	show_time(decoder, i, 1000000);
}

static void show_poll(struct decoder *decoder, size_t i)
{
	size_t count = decoder->info->args[i + 1] < SYSCALL_FDS_MAX
	                       ? (size_t)decoder->info->args[i + 1]
	                       : SYSCALL_FDS_MAX;
	struct pollfd polls[SYSCALL_FDS_MAX];

	show_pointer(decoder, i);
	if (read_memory(decoder, decoder->info->args[i], polls, count * sizeof(*polls)))
		for (size_t j = 0; j < count; j++)
			add_fd(decoder, polls[j].fd);
}

static void show_select(struct decoder *decoder, size_t i)
{
	size_t count =
	        decoder->info->args[i] < FD_SETSIZE ? (size_t)decoder->info->args[i] : FD_SETSIZE;
	uint64_t all[FD_SETSIZE / 64] = { 0 }, set[FD_SETSIZE / 64];

	show_number(decoder, i);
	for (size_t j = 1; j <= 3; j++) {
		size_t words = (count + 63) / 64;

		if (!read_memory(decoder, decoder->info->args[i + j], set, words * sizeof(*set)))
			continue;
		for (size_t k = 0; k < words; k++)
			all[k] |= set[k];
	}
	for (size_t fd = 0; fd < count; fd++)
		if (all[fd / 64] >> (fd % 64) & 1)
			add_fd(decoder, (int64_t)fd);
}

static void show_address(struct decoder *decoder, size_t i)
{
	struct sockaddr_storage address = { 0 };
	size_t len = decoder->info->args[i + 1] < sizeof(address)
	                     ? (size_t)decoder->info->args[i + 1]
	                     : sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";

	if (!read_memory(decoder, decoder->info->args[i], &address, len)) {
		show_pointer(decoder, i);
	} else if (address.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		buf_printf(&decoder->ret->text, "%s:%u", text, ntohs(in->sin_port));
	} else if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)&address;

		inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
		buf_printf(&decoder->ret->text, "[%s]:%u", text, ntohs(in->sin6_port));
	} else if (address.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const void *)&address;
		size_t room = sizeof(un->sun_path) - 1;

		buf_printf(&decoder->ret->text, "%s%.*s", un->sun_path[0] ? "" : "@",
		           (int)(un->sun_path[0] ? room : room - 1),
		           un->sun_path + !un->sun_path[0]);
	} else {
		buf_printf(&decoder->ret->text, "an address of family %u", address.ss_family);
	}
}

static void show_child(struct decoder *decoder, size_t i)
{
	int32_t pid = (int32_t)decoder->info->args[i];

	show_number(decoder, i);
	if (pid > 0)
		decoder->ret->wait_pid = (uint32_t)pid;
}

/* include/uapi/linux/futex.h */
static void show_futex(struct decoder *decoder, size_t i)
{
	static const char *const names[] = {
		[FUTEX_WAIT] = "FUTEX_WAIT",
		[FUTEX_LOCK_PI] = "FUTEX_LOCK_PI",
		[FUTEX_WAIT_BITSET] = "FUTEX_WAIT_BITSET",
		[FUTEX_WAIT_REQUEUE_PI] = "FUTEX_WAIT_REQUEUE_PI",
	};
	uint32_t op = (uint32_t)decoder->info->args[i] & FUTEX_CMD_MASK;

	if (op < sizeof(names) / sizeof(names[0]) && names[op])
		buf_add_span(&decoder->ret->text, span_of(names[op]));
	else
		show_number(decoder, i);
}

static const struct {
	char letter;
	void (*show)(struct decoder *decoder, size_t i);
} shapes[] = {
	{ 'f', show_fd },           { 'p', show_pointer },  { 'n', show_number },
	{ 'm', show_milliseconds }, { 't', show_timespec }, { 'v', show_timeval },
	{ 'P', show_poll },         { 's', show_select },   { 'a', show_address },
	{ 'w', show_child },        { 'o', show_futex },    { 'F', show_timespec },
	{ 'k', show_number },
};

static void show_arguments(struct decoder *decoder, const char *shape)
{
	for (size_t i = 0; i < SYSCALL_ARGS && shape[i]; i++) {
		if (i)
			buf_add_span(&decoder->ret->text, SPAN_LIT(", "));
		for (size_t j = 0; j < sizeof(shapes) / sizeof(shapes[0]); j++)
			if (shapes[j].letter == shape[i])
				shapes[j].show(decoder, i);
	}
}

/* Turns a timeout at a point in time into a duration from now on. */
static void resolve_absolute(struct decoder *decoder, clockid_t clock)
{
	struct decoded_syscall *ret = decoder->ret;
	struct timespec now;
	uint64_t now_us;

	ret->has_limit = ret->has_limit && !clock_gettime(clock, &now);
	if (!ret->has_limit)
		return;
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	ret->limit_us = ret->limit_us > now_us ? ret->limit_us - now_us : 0;
	ret->limit_is_from_now = true;
}

/* At a stop the kernel writes the rest of a sleep to the call's last argument (nanosleep_copyout,
 * kernel/time/hrtimer.c); the time of the stop is unknown, so less of it may be left. */
static void resolve_restarted(struct decoder *decoder)
{
	const struct syscall_info *info = decoder->info;
	size_t rest = info->number == SYS_nanosleep         ? 1
	              : info->number == SYS_clock_nanosleep ? 3
	                                                    : 0;
	int64_t time[2];

	decoder->ret->limit_is_most = true;
	if (rest && read_memory(decoder, info->args[rest], time, sizeof(time)))
		set_limit(decoder, time[0], time[1] / 1000);
}

static void resolve_limit(struct decoder *decoder)
{
	clockid_t clock;

	if (find_clock(decoder->info, &clock))
		resolve_absolute(decoder, clock);
	else if (decoder->info->restarted && decoder->ret->has_limit)
		resolve_restarted(decoder);
}

/* A wait with a timeout but without descriptors is a way to sleep. */
static bool is_sleep(const struct syscall_info *info)
{
	switch (info->number) {
	case SYS_select:
	case SYS_pselect6:
		return !info->args[0];
	case SYS_poll:
	case SYS_ppoll:
		return !info->args[1];
	default:
		return false;
	}
}

void syscall_decode(uint32_t pid, const struct syscall_info *info, struct decoded_syscall *ret)
{
	struct decoder decoder = { pid, info, ret };
	const char *name = syscall_name(info->number);
	const struct row *row = NULL;

	*ret = (struct decoded_syscall){ .class = SYSCALL_OTHER };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].number == info->number)
			row = &rows[i];
	if (name)
		buf_printf(&ret->text, "%s(", name);
	else
		buf_printf(&ret->text, "system call %" PRIu64 "(", info->number);
	if (row) {
		ret->class = row->class;
		show_arguments(&decoder, row->shape);
		resolve_limit(&decoder);
	}
	buf_add_span(&ret->text, SPAN_LIT(")"));
	if (is_sleep(info))
		ret->class = SYSCALL_SLEEP;
	if (info->number == SYS_fcntl && info->args[1] != F_SETLKW && info->args[1] != F_OFD_SETLKW)
		ret->class = SYSCALL_OTHER;
}

void decoded_syscall_deinit(struct decoded_syscall *decoded)
{
	buf_deinit(&decoded->text);
}
