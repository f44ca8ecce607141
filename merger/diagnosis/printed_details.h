/* printed_details: what text of gdb tells beside names: the arguments of frames, source lines,
 * py-bt's notes and printed locks. It makes waits, owners and signals of them, as markers do in a
 * live look. */
#ifndef PMP_PRINTED_DETAILS_H
#define PMP_PRINTED_DETAILS_H

#include "merger/diagnosis/snapshot.h"
#include "merger/parse/raw_stack.h"

/* A lock that somebody had gdb print. */
struct printed_owner {
	uint64_t on;   /* 0: unknown */
	uint32_t name; /* 0: unknown */
	uint32_t tid;  /* 0: only the address of `name` is known */
	uint32_t at;   /* the thread in which the name was evaluated; 0: unknown */
};

/* Adds to the thread what its stack tells: the object that it waits for (not the kind, if names of
 * functions tell that), the signal that it handles or sends, the message with which it ends. */
void printed_details_read(struct snapshot *snapshot, struct snapshot_thread *thread,
                          const struct raw_stack *stack);

/* Finds the owners of the locks that threads wait for. The kinds of the waits are known. */
void printed_details_resolve(struct snapshot *snapshot, const struct printed_owner *owners,
                             size_t count);

#endif
