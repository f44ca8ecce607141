/* crash_line: parses the lines by which gdb, a runtime or a sanitizer says that a process has
 * crashed, and gdb's lines about other stops, after which an earlier crash does not count any
 * more. */
#ifndef PMP_CRASH_LINE_H
#define PMP_CRASH_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

struct crash_line {
	struct span signal; /* "SIGSEGV"; empty: not printed */
	struct span what;   /* the message; empty: none */
	struct span more;   /* ends the message of the line before; empty: none */
	bool ended;         /* the signal has ended the process */
	uint32_t number;    /* gdb's number of the thread; 0: not printed */
	uint32_t tid;       /* 0: not printed */
};

/* text: a line without prefixes and blanks around it. Fills *ret with spans of text, or of
 * constants. False: it is another kind of line. */
bool crash_line_parse(struct span text, struct crash_line *ret);

/* Appends the `crash` marker (marker.h), without a newline. */
void crash_line_write(const struct crash_line *crash, struct buf *out);

#endif
