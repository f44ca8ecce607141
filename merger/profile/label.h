/* label: a frame's text: "function (file.py)", "function (libfoo.so)". */
#ifndef PMP_LABEL_H
#define PMP_LABEL_H

#include <stdbool.h>

#include "merger/base/buf.h"
#include "merger/profile/frame.h"
#include "merger/base/intern.h"

struct label_options {
	bool full_paths;
	bool by_line; /* "(file.py:12)" */
};

/* True for the names of native functions without a name: none, "??", "0x1fcda8", "fn 0x1fcd40". */
bool label_is_nameless(struct span name);
/* The end of a source file's path that names it: "app.py"; "pkg/__init__.py", as all packages have
 * a file of that name. */
struct span label_file(struct span path);
/* Appends the label. Python: name and source file. Native: name and module; with by_line and a
 * known line, or if the module is unknown, the source file instead; if both are unknown, only the
 * name. With by_line an address (frame_has_addresses) follows the name. Other kinds: only the name.
 * A frame without a name is "??". */
void label_add(struct buf *out, const struct intern *intern, const struct frame *frame,
               const struct label_options *options);
/* Appends a line of the frame: "line 12", or "+0x68" behind the start "fn 0x1fcd40" that its name
 * tells, or "0x1fcda8". */
void label_add_line(struct buf *out, const struct intern *intern, const struct frame *frame,
                    uint32_t line);
/* The frame of a label of a collapsed stack: the label is its name, the other facts are unknown. */
struct frame label_frame(struct intern *intern, struct span label);

#endif
