#include "cli/top/async_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/os/clock.h"

#define END_US 500000

/* If the device belongs to another user (su), only the controlling terminal can be opened. */
static int open_terminal(void)
{
	const int how = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open("/proc/self/fd/1", how);

	return fd >= 0 ? fd : open("/dev/tty", how);
}

bool async_output_open(struct async_output *output)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	*output = (struct async_output){
		.file = fd >= 0 ? fdopen(fd, "w") : NULL,
		.real = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
		.terminal = open_terminal(),
		.memory = memfd_create("pmp", MFD_CLOEXEC),
	};
	if (output->memory < 0 && output->terminal >= 0) { /* before Linux 3.17 */
		close(output->terminal);
		output->terminal = -1;
	}
	if (output->file && output->real >= 0)
		return true;
	async_output_close(output);
	return false;
}

void async_output_close(struct async_output *output)
{
	if (output->file)
		fclose(output->file);
	if (output->real >= 0)
		close(output->real);
	if (output->terminal >= 0)
		close(output->terminal);
	if (output->memory >= 0)
		close(output->memory);
	buf_deinit(&output->pending);
	*output = (struct async_output){ .real = -1, .terminal = -1, .memory = -1 };
}

void async_output_begin(struct async_output *output)
{
	if (output->terminal >= 0)
		dup3(output->memory, fileno(output->file), O_CLOEXEC);
}

/* Appends the memory's content to pending. */
static void collect_memory(struct async_output *output)
{
	off_t len = lseek(output->memory, 0, SEEK_CUR);
	ssize_t got;

	if (len <= 0)
		return;
	got = pread(output->memory, buf_reserve(&output->pending, (size_t)len), (size_t)len, 0);
	if (got > 0)
		output->pending.len += (size_t)got;
	lseek(output->memory, 0, SEEK_SET);
}

bool async_output_flush(struct async_output *output)
{
	if (output->terminal < 0)
		return true;
	collect_memory(output);
	while (output->pending.len) {
		ssize_t len = write(output->terminal, output->pending.ptr, output->pending.len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return false;
		/* The terminal is gone: discard the bytes. */
		buf_consume(&output->pending, len > 0 ? (size_t)len : output->pending.len);
	}
	return true;
}

bool async_output_end(struct async_output *output)
{
	uint64_t end = clock_now_us() + END_US, now;
	bool done;

	while (!(done = async_output_flush(output)) && (now = clock_now_us()) < end) {
		struct pollfd polls = { .fd = output->terminal, .events = POLLOUT };
		struct timespec wait;

		ppoll(&polls, 1, clock_wait(now, end, &wait), NULL);
	}
	if (done && output->terminal >= 0)
		dup3(output->real, fileno(output->file), O_CLOEXEC);
	return done;
}
