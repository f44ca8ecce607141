/* syscall_table: the arguments and the class of the system calls in which a thread can sleep.
 *
 * A letter for each argument says its meaning, and how it is printed:
 *	f  a descriptor that it waits for		p  an address
 *	n  a number					x  a number, in hexadecimal
 *	m  a timeout in ms, -1: forever			t  a timespec, a timeout
 *	v  a timeval, a timeout				k  (as n) a clock
 *	P  a pollfd array; its length is next		s  select's number; three sets follow
 *	a  a sockaddr; its length is next		w  a child's pid
 *	i  the type of waitid's id, which is next	o  an operation of futex
 *	F  its timeout, a timespec			g  a set of signals
 *	d  the folder of the path that is next		S  a path
 *	q  a string that is no path of the file		O  flags of open
 *	c  a command of fcntl; its argument is next	r  a request of ioctl
 *	b  a sembuf array; its length is next
 * Arguments without a letter are not printed. Sources: the manual pages of section 2. */
#ifndef PMP_SYSCALL_TABLE_H
#define PMP_SYSCALL_TABLE_H

#include <stdint.h>

struct syscall_row {
	uint16_t number;
	uint8_t class; /* enum syscall_class */
	char shape[7]; /* the letters, and NUL */
};

/* NULL: the call has no row. */
const struct syscall_row *syscall_table_find(uint64_t number);

#endif
