#include "merger/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void die(void)
{
	static const char text[] = "pmp: out of memory\n";

	/* No function that allocates may be called here. A failed write cannot be reported. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void *alloc_zeroed(size_t count, size_t size)
{
	void *mem = calloc(count ? count : 1, size ? size : 1);

	if (!mem)
		die();
	return mem;
}

void *alloc_copy(const void *from, size_t len)
{
	char *mem = len < SIZE_MAX ? malloc(len + 1) : NULL;

	if (!mem)
		die();
	if (len)
		memcpy(mem, from, len);
	mem[len] = '\0';
	return mem;
}

/* Small arrays double. Large ones grow by a quarter, so that less of them is unused. */
static size_t next_cap(size_t cap)
{
	size_t more = cap < 4096 ? cap : cap / 4;

	return cap > SIZE_MAX - more ? SIZE_MAX : cap + more;
}

void *alloc_more(void *array, size_t *cap, size_t need, size_t size)
{
	size_t wanted = *cap ? *cap : 16;
	void *mem;

	while (wanted < need)
		wanted = next_cap(wanted);
	if (!size || wanted > SIZE_MAX / size)
		die();
	mem = realloc(array, wanted * size);
	if (!mem)
		die();
	*cap = wanted;
	return mem;
}
