#include "cli/proc/target_memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

bool target_memory_read(uint32_t pid, uint64_t address, void *to, size_t len)
{
	char path[64];
	ssize_t got;
	int fd;

	if (!address)
		return false;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = pread(fd, to, len, (off_t)address);
	close(fd);
	return got == (ssize_t)len;
}
