#include "cli/os/close_from.h"

#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FDS 65536 /* where close_range is not known (before Linux 5.9) */

void close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
		return;
#endif
	for (int i = first; i < MAX_FDS; i++)
		close(i);
}
