/* syscall_names: names of the system calls in which a thread can sleep for a long time, by their
 * numbers on x86-64 Linux. Source: arch/x86/entry/syscalls/syscall_64.tbl in the kernel's tree. The
 * numbers never change. */
#ifndef PMP_SYSCALL_NAMES_H
#define PMP_SYSCALL_NAMES_H

#include <stdint.h>

/* NULL if the number is not in the table. */
const char *syscall_name(uint64_t number);

#endif
