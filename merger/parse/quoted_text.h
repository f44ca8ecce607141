/* quoted_text: takes the text out of strings: JSON, Python's and C's literals, the output records
 * of gdb/MI. */
#ifndef PMP_QUOTED_TEXT_H
#define PMP_QUOTED_TEXT_H

#include <stdbool.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* {0}: nothing found yet. */
struct quoted_text {
	struct buf key;    /* JSON's, of the string that had a backtrace; empty: it had none */
	bool known;        /* `key` is valid */
	bool inner;        /* the lines are in strings themselves */
	struct buf string; /* the last one */
	struct buf name;   /* the string before, which may be its key */
};

void quoted_text_deinit(struct quoted_text *quoted);
/* Forgets the key. */
void quoted_text_clear(struct quoted_text *quoted);

/* Appends the text of those strings of the line that have a frame or a thread's header, and of
 * those with the key of such a string of a line before. A string's end is a newline. false: none
 * has. */
bool quoted_text_take(struct quoted_text *quoted, struct span line, struct buf *ret);

/* True for a record of gdb/MI that has text: ~"...", @"..." or &"...". Appends its text, which need
 * not be a whole line. Source of the format: gdb's manual, "GDB/MI Output Syntax". */
bool quoted_text_take_record(struct span line, struct buf *ret);

/* Appends a text whose newlines are written as "\n". false: it has none. */
bool quoted_text_take_escaped(struct span line, struct buf *ret);

#endif
