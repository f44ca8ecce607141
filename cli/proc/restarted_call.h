/* restarted_call: the system call behind restart_syscall(2).
 *
 * After a stop the kernel continues a sleep with a timeout as restart_syscall (kernel/signal.c,
 * ERESTART_RESTARTBLOCK), and shows that number in /proc/PID/task/TID/syscall. The registers still
 * have the original arguments, but not the original number. Only nanosleep, clock_nanosleep, poll
 * and futex are continued in this way. x86-64 Linux. */
#ifndef PMP_RESTARTED_CALL_H
#define PMP_RESTARTED_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"
#include "cli/proc/decoded_syscall.h"

/* If info is restart_syscall, replaces its number by the one of the call that the thread sleeps in,
 * and sets info->restarted. The number is found by the code before the pc, by wchan (the thread's
 * kernel function, may be empty) and by the arguments. An unclear call is left as it is. */
void restarted_call_resolve(uint32_t pid, struct span wchan, struct syscall_info *info);

#endif
