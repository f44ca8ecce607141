/* socket_table: the sockets of a network namespace, as /proc/PID/net/{tcp,tcp6,udp,udp6,unix} has them. */
#ifndef PMP_SOCKET_TABLE_H
#define PMP_SOCKET_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

#define SOCKET_TEXT_MAX 128

struct socket_row {
	const char *kind;  /* "tcp", "udp", "unix" */
	const char *state; /* "ESTABLISHED"; NULL: not known */
	char local[SOCKET_TEXT_MAX],
	        remote[SOCKET_TEXT_MAX]; /* empty: none. A unix socket's local is its path */
	uint64_t recv_queue, send_queue;
	uint64_t
	        peer_inode; /* of the socket at the other end, if that is in the table, too; 0: not known */
};

/* Looks for the socket with this inode in the namespace of pid. false: it is not there. */
bool socket_table_find(uint32_t pid, uint64_t inode, struct socket_row *ret);

/* One row of tcp or udp (and 6): Documentation/networking/proc_net_tcp.rst. inode may be NULL. */
bool socket_row_parse(struct span line, bool udp, struct socket_row *ret, uint64_t *inode);

#endif
