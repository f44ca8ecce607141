/* alloc: the one place where running out of memory ends the program. All sizes are checked for
 * overflow; no function here returns NULL. Memory is freed with free(). */
#ifndef PMP_ALLOC_H
#define PMP_ALLOC_H

#include <stddef.h>

void *alloc_zeroed(size_t count, size_t size);
void *alloc_copy(const void *from, size_t len); /* len bytes and a NUL behind them */

/* Makes room for at least `need` elements in a growing array: doubles *cap, returns the (moved)
 * array. New elements are not initialised. */
void *alloc_grow(void *array, size_t *cap, size_t need, size_t size);

#endif
