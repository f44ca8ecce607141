#include "cli/proc/syscall_arguments.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "cli/proc/open_files.h"
#include "cli/proc/path_argument.h"
#include "cli/proc/target_memory.h"

#define FUTEX_LOCK_PI_2 13 /* FUTEX_LOCK_PI2, since Linux 5.14 */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* since Linux 5.16 */
#endif
#define SYS_futex_wait2 455 /* futex_wait(2), since Linux 6.7 */

bool syscall_argument_waits_for_lock(const struct syscall_info *info)
{
	return info->args[1] == F_SETLKW || info->args[1] == F_OFD_SETLKW;
}

bool syscall_argument_read(const struct decoder *decoder, uint64_t address, void *to, size_t len)
{
	return target_memory_read(decoder->pid, address, to, len);
}

static void add_fd(struct decoder *decoder, int64_t fd)
{
	struct decoded_syscall *ret = decoder->ret;

	if (fd >= 0 && fd <= INT32_MAX && ret->fd_count < SYSCALL_FDS_MAX)
		ret->fds[ret->fd_count++] = (uint32_t)fd;
}

void syscall_argument_limit(struct decoder *decoder, int64_t seconds, int64_t us)
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

static void show_hexadecimal(struct decoder *decoder, size_t i)
{
	buf_printf(&decoder->ret->text, "0x%" PRIx32, (uint32_t)decoder->info->args[i]);
}

/* names: of the values from 0 on; a value without a name is shown as a number. */
static void show_word(struct decoder *decoder, uint32_t value, const char *const *names,
                      size_t count)
{
	if (value < count && names[value])
		buf_add_span(&decoder->ret->text, span_of(names[value]));
	else
		buf_printf(&decoder->ret->text, "%" PRIu32, value);
}

static void show_name(struct decoder *decoder, size_t i, const char *const *names, size_t count)
{
	show_word(decoder, (uint32_t)decoder->info->args[i], names, count);
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
	syscall_argument_limit(decoder, limit / 1000, limit % 1000 * INT64_C(1000));
}

bool syscall_argument_clock(const struct syscall_info *info, clockid_t *ret)
{
	uint32_t op = (uint32_t)info->args[1];

	if (info->number == SYS_clock_nanosleep) {
		*ret = (clockid_t)info->args[0];
		return op & TIMER_ABSTIME;
	}
	if (info->number == SYS_futex_waitv || info->number == SYS_futex_wait2) {
		*ret = (clockid_t)info->args[info->number == SYS_futex_waitv ? 4 : 5];
		return true;
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
	} else if (syscall_argument_read(decoder, decoder->info->args[i], time, sizeof(time))) {
		buf_printf(&decoder->ret->text, "%s%.3f s",
		           syscall_argument_clock(decoder->info, &clock) ? "until " : "",
		           (double)time[0] + (double)time[1] / (double)parts);
		syscall_argument_limit(decoder, time[0], time[1] / (parts / 1000000));
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
	if (syscall_argument_read(decoder, decoder->info->args[i], polls, count * sizeof(*polls)))
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

		if (!syscall_argument_read(decoder, decoder->info->args[i + j], set,
		                           words * sizeof(*set)))
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

	if (!syscall_argument_read(decoder, decoder->info->args[i], &address, len)) {
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

/* The id of waitid(2) is a process only for one type; for another it is a descriptor. */
static void show_id_type(struct decoder *decoder, size_t i)
{
	enum { ID_ALL, ID_PROCESS, ID_GROUP, ID_DESCRIPTOR };
	static const char *const names[] = { "P_ALL", "P_PID", "P_PGID", "P_PIDFD" };
	uint32_t type = (uint32_t)decoder->info->args[i];
	int32_t id = (int32_t)decoder->info->args[i + 1];

	show_name(decoder, i, names, sizeof(names) / sizeof(names[0]));
	if (type == ID_PROCESS && id > 0)
		decoder->ret->wait_pid = (uint32_t)id;
	if (type == ID_DESCRIPTOR)
		decoder->ret->wait_pid = open_files_pidfd(decoder->pid, (uint32_t)id);
}

/* include/uapi/linux/futex.h */
static void show_futex(struct decoder *decoder, size_t i)
{
	static const char *const names[] = {
		[FUTEX_WAIT] = "FUTEX_WAIT",
		[FUTEX_LOCK_PI] = "FUTEX_LOCK_PI",
		[FUTEX_WAIT_BITSET] = "FUTEX_WAIT_BITSET",
		[FUTEX_WAIT_REQUEUE_PI] = "FUTEX_WAIT_REQUEUE_PI",
		[FUTEX_LOCK_PI_2] = "FUTEX_LOCK_PI2",
	};

	show_word(decoder, (uint32_t)decoder->info->args[i] & FUTEX_CMD_MASK, names,
	          sizeof(names) / sizeof(names[0]));
}

/* include/uapi/asm-generic/fcntl.h; the lock's range is what the thread waits for. */
static void show_fcntl(struct decoder *decoder, size_t i)
{
	static const char *const names[] = {
		[F_GETLK] = "F_GETLK",         [F_SETLK] = "F_SETLK",
		[F_SETLKW] = "F_SETLKW",       [F_OFD_GETLK] = "F_OFD_GETLK",
		[F_OFD_SETLK] = "F_OFD_SETLK", [F_OFD_SETLKW] = "F_OFD_SETLKW",
	};
	struct flock lock;

	show_name(decoder, i, names, sizeof(names) / sizeof(names[0]));
	if (!syscall_argument_waits_for_lock(decoder->info) ||
	    !syscall_argument_read(decoder, decoder->info->args[i + 1], &lock, sizeof(lock)))
		return;
	buf_printf(&decoder->ret->text, ", %s", lock.l_type == F_RDLCK ? "F_RDLCK" : "F_WRLCK");
	if (lock.l_len)
		buf_printf(&decoder->ret->text, " of %" PRId64 " bytes from %" PRId64,
		           (int64_t)lock.l_len, (int64_t)lock.l_start);
	else
		buf_printf(&decoder->ret->text, " from %" PRId64 " on", (int64_t)lock.l_start);
}

/* Requests that wait for long. Sources: asm-generic/ioctls.h, linux/usbdevice_fs.h, linux/fs.h,
 * linux/kvm.h, scsi/sg.h, linux/android/binder.h. */
static void show_ioctl(struct decoder *decoder, size_t i)
{
	static const struct {
		uint32_t request;
		const char *name;
	} requests[] = {
		{ 0x5403, "TCSETSW" },
		{ 0x5404, "TCSETSF" },
		{ 0x5409, "TCSBRK" },
		{ 0x5425, "TCSBRKP" },
		{ 0x545c, "TIOCMIWAIT" },
		{ 0x40045566, "USBDEVFS_REAP" },
		{ 0x4008550c, "USBDEVFS_REAPURB" },
		{ 0xc0185500, "USBDEVFS_CONTROL" },
		{ 0xc0185502, "USBDEVFS_BULK" },
		{ 0xc0045877, "FIFREEZE" },
		{ 0x40049409, "FICLONE" },
		{ 0x1261, "BLKFLSBUF" },
		{ 0x2285, "SG_IO" },
		{ SYSCALL_KVM_RUN, "KVM_RUN" },
		{ 0xc0306201, "BINDER_WRITE_READ" },
	};

	for (size_t j = 0; j < sizeof(requests) / sizeof(requests[0]); j++)
		if (requests[j].request == (uint32_t)decoder->info->args[i]) {
			buf_add_span(&decoder->ret->text, span_of(requests[j].name));
			return;
		}
	show_hexadecimal(decoder, i);
}

static void show_open_flags(struct decoder *decoder, size_t i)
{
	static const char *const names[] = {
		[O_RDONLY] = "O_RDONLY",
		[O_WRONLY] = "O_WRONLY",
		[O_RDWR] = "O_RDWR",
	};

	show_word(decoder, (uint32_t)decoder->info->args[i] & O_ACCMODE, names,
	          sizeof(names) / sizeof(names[0]));
}

/* "[USR1 TERM]"; if most signals are in the set, the others: "~[KILL STOP]". Bit n - 1 is signal
 * n. */
static void show_signals(struct decoder *decoder, size_t i)
{
	enum { SIGNALS = 64, SHOWN = 8 };
	uint64_t set;
	bool inverted;
	size_t shown = 0;

	if (!syscall_argument_read(decoder, decoder->info->args[i], &set, sizeof(set))) {
		show_pointer(decoder, i);
		return;
	}
	inverted = __builtin_popcountll(set) > SIGNALS / 2;
	buf_add_span(&decoder->ret->text, span_of(inverted ? "~[" : "["));
	for (int number = 1; number <= SIGNALS; number++) {
		const char *name = sigabbrev_np(number);

		if ((set >> (number - 1) & 1) == inverted || shown++ >= SHOWN)
			continue;
		if (shown > 1)
			buf_add_span(&decoder->ret->text, SPAN_LIT(" "));
		if (name)
			buf_add_span(&decoder->ret->text, span_of(name));
		else
			buf_printf(&decoder->ret->text, "%d", number);
	}
	buf_add_span(&decoder->ret->text, span_of(shown > SHOWN ? " ...]" : "]"));
}

/* The first operation of semop(2). */
static void show_semaphore(struct decoder *decoder, size_t i)
{
	struct sembuf first;

	if (syscall_argument_read(decoder, decoder->info->args[i], &first, sizeof(first)))
		buf_printf(&decoder->ret->text, "[semaphore %u by %d]", first.sem_num,
		           first.sem_op);
	else
		show_pointer(decoder, i);
}

static void show_folder(struct decoder *decoder, size_t i)
{
	if ((int32_t)decoder->info->args[i] == AT_FDCWD)
		buf_add_span(&decoder->ret->text, SPAN_LIT("AT_FDCWD"));
	else
		show_number(decoder, i);
}

static void show_string(struct decoder *decoder, size_t i)
{
	char text[PATH_ARGUMENT_MAX];

	if (path_argument_read(decoder->pid, decoder->info->args[i], text))
		path_argument_show(text, &decoder->ret->text);
	else
		show_pointer(decoder, i);
}

/* The first path of the call is the one that the caller looks up. A relative one is shown with the
 * path that it means. */
static void show_path(struct decoder *decoder, size_t i)
{
	int32_t folder = i && decoder->row->shape[i - 1] == 'd'
	                         ? (int32_t)decoder->info->args[i - 1]
	                         : AT_FDCWD;
	struct buf path = { 0 };
	char text[PATH_ARGUMENT_MAX];

	show_string(decoder, i);
	if (path_argument_read(decoder->pid, decoder->info->args[i], text) && text[0])
		path_argument_resolve(decoder->pid, folder, text, &path);
	if (path.len && text[0] != '/')
		buf_printf(&decoder->ret->text, " (%.*s)", SPAN_ARG(buf_span(&path)));
	if (!decoder->ret->path.len)
		buf_add_span(&decoder->ret->path, buf_span(&path));
	buf_deinit(&path);
}

static const struct {
	char letter;
	void (*show)(struct decoder *decoder, size_t i);
} shapes[] = {
	{ 'f', show_fd },          { 'p', show_pointer },    { 'n', show_number },
	{ 'x', show_hexadecimal }, { 'k', show_number },     { 'm', show_milliseconds },
	{ 't', show_timespec },    { 'v', show_timeval },    { 'P', show_poll },
	{ 's', show_select },      { 'a', show_address },    { 'w', show_child },
	{ 'i', show_id_type },     { 'o', show_futex },      { 'F', show_timespec },
	{ 'g', show_signals },     { 'd', show_folder },     { 'S', show_path },
	{ 'q', show_string },      { 'O', show_open_flags }, { 'c', show_fcntl },
	{ 'r', show_ioctl },       { 'b', show_semaphore },
};

void syscall_arguments_show(struct decoder *decoder)
{
	const char *shape = decoder->row->shape;

	for (size_t i = 0; i < SYSCALL_ARGS && shape[i]; i++) {
		/* The command of fcntl shows its argument, too. */
		if (i && shape[i - 1] == 'c')
			continue;
		if (i)
			buf_add_span(&decoder->ret->text, SPAN_LIT(", "));
		for (size_t j = 0; j < sizeof(shapes) / sizeof(shapes[0]); j++)
			if (shapes[j].letter == shape[i])
				shapes[j].show(decoder, i);
	}
}
