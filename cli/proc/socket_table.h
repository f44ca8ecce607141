/* socket_table: finds sockets in /proc/PID/net/{tcp,tcp6,udp,udp6,unix}, which list the sockets of
 * a network namespace. */
#ifndef PMP_SOCKET_TABLE_H
#define PMP_SOCKET_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

#define SOCKET_TEXT_MAX 128

struct socket_row {
	const char *kind;  /* "tcp", "udp", "unix" */
	const char *state; /* "ESTABLISHED"; NULL: unknown */
	/* empty: none; a unix socket's local is its path */
	char local[SOCKET_TEXT_MAX], remote[SOCKET_TEXT_MAX];
	uint64_t recv_queue, send_queue;
	bool accepted;       /* some socket listens at its local address: a client has connected */
	uint64_t peer_inode; /* the socket at the other end, if known; else 0 */
};

/* Finds the socket with this inode in the network namespace of pid. false: it is not listed. */
bool socket_table_find(uint32_t pid, uint64_t inode, struct socket_row *ret);

/* Parses a line of tcp, tcp6, udp or udp6 (Documentation/networking/proc_net_tcp.rst). inode may be
 * NULL. */
bool socket_row_parse(struct span line, bool udp, struct socket_row *ret, uint64_t *inode);

#endif
