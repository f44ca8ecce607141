/* merger: gdb's text in, profiles out. The public face: what cli/ needs, and nothing more.
 * It starts no process, reads no clock, prints nothing but to a writer's FILE, never exits
 * (but when memory runs out, alloc.h). Nothing here is shared between threads. */
#ifndef PMP_MERGER_H
#define PMP_MERGER_H

#include "buf.h"
#include "builder.h"
#include "error.h"
#include "escape.h"
#include "format.h"
#include "marker.h"
#include "profile.h"
#include "span.h"

#endif
