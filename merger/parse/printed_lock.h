/* printed_lock: finds the owners of locks in values that gdb prints:
 *
 *	(gdb) p mu		or `p *mutex`, `p *(pthread_mutex_t *) 0x55..`, `info locals`
 *	$1 = {__data = {__lock = 2, __count = 0, __owner = 11, ...
 *	        mu = {__data = {...	"bt full"
 *
 * and makes `lock` markers (marker.h) of them. Source of the members' names: glibc,
 * sysdeps/nptl/bits/struct_mutex.h (__owner) and struct_rwlock.h (__cur_writer). */
#ifndef PMP_PRINTED_LOCK_H
#define PMP_PRINTED_LOCK_H

#include "merger/parse/gdb_frame.h"
#include "merger/parse/marker.h"

struct printed_lock; /* the value that is being read, over several lines */

typedef void printed_lock_emit(void *ctx, const struct marker *marker);

struct printed_lock *printed_lock_create(printed_lock_emit *emit, void *ctx);
void printed_lock_destroy(struct printed_lock *lock);

/* The last frame, for `p *mutex`: its arguments have the address. */
void printed_lock_set_frame(struct printed_lock *lock, const struct gdb_frame *frame);
/* The thread that is selected from now on; 0: unknown. */
void printed_lock_set_thread(struct printed_lock *lock, uint32_t tid);
/* The text after a prompt. */
void printed_lock_set_command(struct printed_lock *lock, struct span text);
/* A line of text, which may be a value or a part of one. */
void printed_lock_take(struct printed_lock *lock, struct span text);
/* Text of another kind: a value has ended. */
void printed_lock_end(struct printed_lock *lock);

#endif
