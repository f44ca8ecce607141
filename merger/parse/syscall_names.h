/* syscall_names: names of the system calls in which a thread can sleep for long, by number, as
 * x86-64 Linux has them. Source: arch/x86/entry/syscalls/syscall_64.tbl in the kernel's tree;
 * numbers never change. */
#ifndef PMP_SYSCALL_NAMES_H
#define PMP_SYSCALL_NAMES_H

#include <stdint.h>

/* NULL if it's not in the table. */
const char *syscall_name(uint64_t number);

#endif
