/* library: is a frame the program's own code, or that of a library that it came with or was installed? By paths alone. */
#ifndef PMP_LIBRARY_H
#define PMP_LIBRARY_H

#include "merger/profile/frame.h"
#include "merger/base/intern.h"

/* The library's name, a view into an interned string: "requests" of .../site-packages/requests/api.py, "json" of
 * .../python3.11/json/decoder.py, "libc.so.6" of a shared object in a system's folder, "python3.11" of the interpreter.
 * Empty: it's the program's own, or nothing is known of it. */
struct span library_name(const struct intern *intern, const struct frame *frame);

#endif
