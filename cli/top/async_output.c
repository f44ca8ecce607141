#include "cli/top/async_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/os/clock.h"

#define RELEASE_US 500000

/* The device may be another user's (su), and then only the terminal that we belong to can be opened. */
static int terminal_open(void)
{
	const int how = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open("/proc/self/fd/1", how);

	return fd >= 0 ? fd : open("/dev/tty", how);
}

bool outlet_open(struct outlet *outlet)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	*outlet = (struct outlet){
		.file = fd >= 0 ? fdopen(fd, "w") : NULL,
		.real = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
		.terminal = terminal_open(),
		.memory = memfd_create("pmp", MFD_CLOEXEC),
	};
	if (outlet->memory < 0 && outlet->terminal >= 0) { /* before Linux 3.17 */
		close(outlet->terminal);
		outlet->terminal = -1;
	}
	if (outlet->file && outlet->real >= 0)
		return true;
	outlet_close(outlet);
	return false;
}

void outlet_close(struct outlet *outlet)
{
	if (outlet->file)
		fclose(outlet->file);
	if (outlet->real >= 0)
		close(outlet->real);
	if (outlet->terminal >= 0)
		close(outlet->terminal);
	if (outlet->memory >= 0)
		close(outlet->memory);
	buf_deinit(&outlet->pending);
	*outlet = (struct outlet){ .real = -1, .terminal = -1, .memory = -1 };
}

void outlet_catch(struct outlet *outlet)
{
	if (outlet->terminal >= 0)
		dup3(outlet->memory, fileno(outlet->file), O_CLOEXEC);
}

/* Moves what is in the memory behind what is pending. */
static void memory_take(struct outlet *outlet)
{
	off_t len = lseek(outlet->memory, 0, SEEK_CUR);
	ssize_t got;

	if (len <= 0)
		return;
	got = pread(outlet->memory, buf_reserve(&outlet->pending, (size_t)len), (size_t)len, 0);
	if (got > 0)
		outlet->pending.len += (size_t)got;
	lseek(outlet->memory, 0, SEEK_SET);
}

bool outlet_push(struct outlet *outlet)
{
	if (outlet->terminal < 0)
		return true;
	memory_take(outlet);
	while (outlet->pending.len) {
		ssize_t len = write(outlet->terminal, outlet->pending.ptr, outlet->pending.len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return false;
		/* One that is gone takes anything. */
		buf_consume(&outlet->pending, len > 0 ? (size_t)len : outlet->pending.len);
	}
	return true;
}

bool outlet_release(struct outlet *outlet)
{
	uint64_t end = clock_now_us() + RELEASE_US, now;
	bool done;

	while (!(done = outlet_push(outlet)) && (now = clock_now_us()) < end) {
		struct pollfd polls = { .fd = outlet->terminal, .events = POLLOUT };
		struct timespec wait;

		ppoll(&polls, 1, clock_wait(now, end, &wait), NULL);
	}
	if (done && outlet->terminal >= 0)
		dup3(outlet->real, fileno(outlet->file), O_CLOEXEC);
	return done;
}
