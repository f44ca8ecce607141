/* stack_reader: assembles one thread's stack from its lines: decides which frames begin a new
 * stack, which Python frames belong to which native frame, and which frames gdb printed twice.
 *
 * Two kinds of frames are printed twice and given out once: the lone "#0" that gdb prints when a
 * process stops, a thread is selected or a core is loaded, if that thread is listed after it; and
 * the frames that "frame N", "up", "down" and "bt -N" print again. The counts of text_parser.h
 * include both. */
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

/* Keeps its arguments: they must live as long as the reader. */
struct stack_reader *stack_reader_create(struct intern *intern, struct address_map *map,
                                         stack_reader_emit *emit, void *ctx);
void stack_reader_destroy(struct stack_reader *reader);

/* A header: the next frames are this thread's. The caller has ended the stack before. */
void stack_reader_begin(struct stack_reader *reader, const struct gdb_thread *thread);
/* A stop names its thread, which is that of the next stacks without a header. It has no effect on
 * the stack before. name: may be empty. */
void stack_reader_select(struct stack_reader *reader, uint32_t number, struct span name);
/* The process of threads whose headers do not name one; 0: none. */
void stack_reader_set_process(struct stack_reader *reader, uint32_t pid);
/* Facts about the current thread. */
void stack_reader_set_state(struct stack_reader *reader, char state);
void stack_reader_set_cpu(struct stack_reader *reader, uint64_t cpu_us);
void stack_reader_set_doing(struct stack_reader *reader, uint32_t doing); /* an intern id */
/* The same, of the current thread's py-bt. It counts only if it comes before the Python frames. */
void stack_reader_set_note(struct stack_reader *reader, uint32_t doing);
/* py-bt's line about a built-in method, likewise. */
void stack_reader_set_builtin(struct stack_reader *reader, struct span line);
/* A source line. If it is directly below a native frame, it becomes part of its detail. */
void stack_reader_add_source(struct stack_reader *reader, struct span source);
/* From now on frames get their `detail`, and stacks that are printed again are given out. */
void stack_reader_keep_details(struct stack_reader *reader);

/* Adds a frame with so many blanks before it; ends the stack before if the frame begins a new one
 * (frame_order.h). True if it is the first native frame of its stack. */
bool stack_reader_add_native(struct stack_reader *reader, const struct gdb_frame *frame,
                             size_t indent);
void stack_reader_add_python(struct stack_reader *reader, const struct py_text *frame);
/* `count` frames were left out here; python: they are the last native frame's. They become one
 * frame, named "(N more frames)". */
void stack_reader_add_more(struct stack_reader *reader, uint64_t count, bool python);
/* Sets the first line and the language of the last Python or Ruby frame. */
void stack_reader_set_code(struct stack_reader *reader, uint32_t first_line, bool ruby);

/* "Traceback (most recent call first):": the next Python frames do not belong to a native frame. */
void stack_reader_begin_python(struct stack_reader *reader);
/* A source line: true if a Python frame is directly above it. That frame is py-bt's. */
bool stack_reader_take_source(struct stack_reader *reader);
/* Any other line: the next Python frames are not directly below a native frame. */
void stack_reader_break(struct stack_reader *reader);
/* A prompt: a next frame with the number of the last one begins a new stack, as one with a lower
 * number always does. */
void stack_reader_prompt(struct stack_reader *reader);
/* True if the current stack has native frames; any frames. */
bool stack_reader_has_native(const struct stack_reader *reader);
bool stack_reader_has_frames(const struct stack_reader *reader);

/* Gives out the current stack, if it has frames. lost: also a header without frames, as a lost
 * stack. */
void stack_reader_end(struct stack_reader *reader, bool lost);
/* The end of the text: gives out the held #0 and forgets the thread. */
void stack_reader_flush(struct stack_reader *reader);

/* The number of Python frames found in arguments of native frames so far. */
uint64_t stack_reader_annotations(const struct stack_reader *reader);

#endif
