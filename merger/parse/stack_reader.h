/* stack_reader: one thread's stack while its lines are read: which frames begin a new one, which
 * Python frames belong to which native frame, and which frames gdb printed twice.
 *
 * Printed twice, and given out once: the lone "#0" that gdb prints when a process stops, when a
 * thread is selected or a core is loaded, if that frame's thread is listed after it; and the frames
 * that "frame N", "up", "down" and "bt -N" print again. They do count as traces and frames
 * (text_parser.h), as lines of text. */
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

struct stack_reader;

typedef void stack_reader_emit(void *ctx, const struct raw_stack *stack);

/* Borrows all of its arguments. */
struct stack_reader *stack_reader_create(struct intern *intern, struct address_map *map,
                                         stack_reader_emit *emit, void *ctx);
void stack_reader_destroy(struct stack_reader *trace);

/* A header: the frames that follow are this thread's. The stack before has been ended. */
void stack_reader_begin(struct stack_reader *trace, const struct gdb_thread *thread);
/* The process that threads belong to whose headers don't tell it; 0: none. */
void stack_reader_set_process(struct stack_reader *trace, uint32_t pid);
void stack_reader_set_state(struct stack_reader *trace, char state);
void stack_reader_set_cpu(struct stack_reader *trace, uint64_t cpu_us);
void stack_reader_set_doing(struct stack_reader *trace, uint32_t doing); /* an intern id */

/* Ends the stack before by itself if the frame begins a new one; true if a run of native frames
 * begins with it. */
bool stack_reader_add_native(struct stack_reader *trace, const struct gdb_frame *frame);
void stack_reader_add_python(struct stack_reader *trace, const struct py_text *frame);
/* Of the Python frame that came last. */
void stack_reader_set_first_line(struct stack_reader *trace, uint32_t line);

/* "Traceback (most recent call first):" the Python frames that follow belong to no native frame. */
void stack_reader_begin_python(struct stack_reader *trace);
/* A source line: true if a Python frame is right above. Frames with those are py-bt's. */
bool stack_reader_take_source(struct stack_reader *trace);
/* Something else: Python frames that follow are not right below a native frame. */
void stack_reader_break(struct stack_reader *trace);
/* A prompt: a frame with the number of the last one begins a new stack, as a lower one always
 * does. */
void stack_reader_prompt(struct stack_reader *trace);
bool stack_reader_has_native(const struct stack_reader *trace);

/* Gives out the stack that was read, if there is one; with `lost`, a header without frames as a
 * lost one. */
void stack_reader_end(struct stack_reader *trace, bool lost);
/* The text's end: gives out what was held back in case it comes twice, and forgets the thread. */
void stack_reader_flush(struct stack_reader *trace);

/* Python frames found in native frames' arguments, so far. */
uint64_t stack_reader_annotations(const struct stack_reader *trace);

#endif
