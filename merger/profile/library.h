/* library: decides by paths alone whether a frame belongs to the program or to an installed
 * library. */
#ifndef PMP_LIBRARY_H
#define PMP_LIBRARY_H

#include "merger/profile/frame.h"
#include "merger/base/intern.h"

/* The library's name, a span of an interned string: "requests" for
 * .../site-packages/requests/api.py, "json" for .../python3.11/json/decoder.py, "libc.so.6" for a
 * shared object in a folder of the system, "python3.11" for the interpreter. Empty: the program's
 * own code, or unknown. */
struct span library_name(const struct intern *intern, const struct frame *frame);

#endif
