/* alloc: the one place where running out of memory ends the program. All sizes are checked for
 * overflow; no function here returns NULL. Memory is freed with free(). */
#ifndef PMP_ALLOC_H
#define PMP_ALLOC_H

#include <stddef.h>

void *alloc_zeroed(size_t count, size_t size);
void *alloc_copy(const void *from, size_t len); /* len bytes and a NUL behind them */

void *alloc_more(void *array, size_t *cap, size_t need, size_t size); /* for alloc_grow */

/* Makes room for at least `need` elements in a growing array: raises *cap, by more than it must, and
 * returns the (moved) array. New elements are not initialised. */
static inline void *alloc_grow(void *array, size_t *cap, size_t need, size_t size)
{
	return need <= *cap ? array : alloc_more(array, cap, need, size);
}

#endif
