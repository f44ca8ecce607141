/* python_owners: assigns the frames of py-bt-full to the native frames that run them. */
#ifndef PMP_PYTHON_OWNERS_H
#define PMP_PYTHON_OWNERS_H

#include "merger/parse/frame_lists.h"

/* Moves the loose frames whose number is that of a frame of `native` to `owned`. A native frame
 * that already has an annotation has the same frame. Loose frames that repeat all owned ones are
 * removed. *spare is a buffer, which is exchanged. */
void python_owners_assign(struct native_list *native, struct py_list *owned, struct py_list *loose,
                          struct py_list *spare);

#endif
