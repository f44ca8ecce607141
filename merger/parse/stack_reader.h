/* stack_reader: one thread's stack while its lines are read: which frames begin a new one, which Python frames
 * belong to which native frame, and which frames gdb printed twice.
 *
 * Printed twice, and given out once: the lone "#0" that gdb prints when a process stops, when a thread
 * is selected or a core is loaded, if that frame's thread is listed after it; and the frames
 * that "frame N", "up", "down" and "bt -N" print again. They do count as traces and frames (text_parser.h), as lines of text. */
#ifndef PMP_STACK_READER_H
#define PMP_STACK_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/parse/address_map.h"
#include "merger/parse/gdb_frame.h"
#include "merger/parse/gdb_thread.h"
#include "merger/base/intern.h"
#include "merger/parse/py_frame.h"
#include "merger/parse/raw_stack.h"

struct trace;

typedef void trace_emit(void *ctx, const struct stack *stack);

/* Borrows all of its arguments. */
struct trace *trace_create(struct intern *intern, struct address_map *map, trace_emit *emit,
                           void *ctx);
void trace_destroy(struct trace *trace);

/* A header: the frames that follow are this thread's. The stack before has been ended. */
void trace_begin(struct trace *trace, const struct gdb_thread *thread);
/* The process that threads belong to whose headers don't tell it; 0: none. */
void trace_select(struct trace *trace, uint32_t pid);
void trace_set_state(struct trace *trace, char state);
void trace_set_cpu(struct trace *trace, uint64_t cpu_us);
void trace_set_doing(struct trace *trace, uint32_t doing); /* an intern id */

/* Ends the stack before by itself if the frame begins a new one; true if a run of native frames
 * begins with it. */
bool trace_add_native(struct trace *trace, const struct gdb_frame *frame);
void trace_add_python(struct trace *trace, const struct py_text *frame);
/* Of the Python frame that came last. */
void trace_set_first_line(struct trace *trace, uint32_t line);

/* "Traceback (most recent call first):" the Python frames that follow belong to no native frame. */
void trace_begin_python(struct trace *trace);
/* A source line: true if a Python frame is right above. Frames with those are py-bt's. */
bool trace_take_source(struct trace *trace);
/* Something else: Python frames that follow are not right below a native frame. */
void trace_interrupt(struct trace *trace);
/* A prompt: a frame with the number of the last one begins a new stack, as a lower one always does. */
void trace_pause(struct trace *trace);
bool trace_has_native(const struct trace *trace);

/* Gives out the stack that was read, if there is one; with `lost`, a header without frames as a lost one. */
void trace_end(struct trace *trace, bool lost);
/* The text's end: gives out what was held back in case it comes twice, and forgets the thread. */
void trace_flush(struct trace *trace);

/* Python frames found in native frames' arguments, so far. */
uint64_t trace_annotations(const struct trace *trace);

#endif
