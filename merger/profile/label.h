/* label: a frame as people read it: "function (file.py)", "function (libfoo.so)". */
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

/* Appends. Python: name and source file. Native: name and module; where the module is not known, or
 * by_line asks for a line that is known, the source file; where neither is, the name alone. Other
 * kinds: the name alone. A frame without a name is "??". */
void label_add(struct buf *out, const struct intern *intern, const struct frame *frame,
               const struct label_options *options);
/* What is known of a frame whose label alone is, as in collapsed stacks: that is its name. */
struct frame label_frame(struct intern *intern, struct span label);

#endif
