/* own_frame: the place of a thread in the program's own code: not in libc, in an interpreter, in a
 * standard library, or in a well-known package. */
#ifndef PMP_OWN_FRAME_H
#define PMP_OWN_FRAME_H

#include "merger/diagnosis/snapshot.h"

/* Whose code a frame is, the program's own first. The tables are in own_frame.c. */
enum frame_owner {
	OWNER_PROGRAM,
	OWNER_PACKAGE,       /* in site-packages, or a library of the system */
	OWNER_KNOWN_PACKAGE, /* a well-known framework or library */
	OWNER_STANDARD,      /* a standard library, an interpreter */
	OWNER_UNNAMED,       /* native code without a name */
	OWNER_RUNTIME,       /* functions that only wait or start threads; they are no place */
};

enum frame_owner frame_owner_of(const struct snapshot *snapshot, const struct frame *frame);

/* The innermost frame whose owner comes first; NULL: the stack has none. *through: the library
 * function that it calls, NULL: none. Python frames are preferred to native ones. */
const struct frame *own_frame_find(const struct snapshot *snapshot,
                                   const struct snapshot_thread *thread,
                                   const struct frame **through);

#endif
