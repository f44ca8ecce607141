/* alloc: allocation that ends the program when memory runs out. No other file does that. Sizes are
 * checked for overflow; no function returns NULL. The caller frees the memory with free(). */
#ifndef PMP_ALLOC_H
#define PMP_ALLOC_H

#include <stddef.h>

void *alloc_zeroed(size_t count, size_t size);
void *alloc_copy(const void *from, size_t len); /* len bytes and a NUL after them */

void *alloc_more(void *array, size_t *cap, size_t need, size_t size); /* for alloc_grow */

/* Makes room for at least `need` elements of `size` bytes: returns the array, which may have moved,
 * and raises *cap, often to more than `need`. New elements are not initialised. */
static inline void *alloc_grow(void *array, size_t *cap, size_t need, size_t size)
{
	return need <= *cap ? array : alloc_more(array, cap, need, size);
}

#endif
