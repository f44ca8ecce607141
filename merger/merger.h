/* merger: gdb's text in, profiles out. The public face: what cli/ needs, and nothing more.
 * It starts no process, reads no clock, prints nothing but to a writer's FILE, never exits
 * (but when memory runs out, alloc.h). Nothing here is shared between threads.
 *
 * What it is given may be hostile. Time and memory grow with the input's length: memory to no more than
 * 192 bytes for each of its bytes and 16 MB, which only texts come near in which every other byte is a new
 * frame; real ones take a few bytes, as what comes again costs nothing. A line, a name and a stack have
 * bounds of their own: DUMP_LINE_MAX and DUMP_FRAMES_MAX (text_parser.h), ESCAPE_MAX (escape.h). */
#ifndef PMP_MERGER_H
#define PMP_MERGER_H

#include "merger/base/buf.h"
#include "merger/build/profile_builder.h"
#include "merger/base/error.h"
#include "merger/base/escape.h"
#include "merger/formats/format.h"
#include "merger/parse/marker.h"
#include "merger/profile/profile.h"
#include "merger/base/span.h"
#include "merger/transform/profile_filter.h"
#include "merger/transform/time_window.h"

#endif
