/* server_locks: threads of well-known servers that wait for one of the server's own locks, which
 * are not those of the C library: rows, tables, metadata. Their functions tell. */
#ifndef PMP_SERVER_LOCKS_H
#define PMP_SERVER_LOCKS_H

#include "merger/diagnosis/snapshot.h"

/* Sets the wait of such threads to WAIT_SERVER_LOCK, with the lock's description as its type. */
void server_locks_infer(struct snapshot *snapshot);

#endif
