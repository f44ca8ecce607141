/* input: files, stdin, and the same packed with gzip. */
#ifndef PMP_INPUT_H
#define PMP_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "../merger/buf.h"
#include "../merger/error.h"
#include "packed.h"

struct input {
	struct packed packed;
	const char *name; /* for messages */
	bool begun;
};

/* "-" is stdin. path must live as long as the input. Errors, here and below, are ERROR_INPUT with
 * name and reason. */
bool input_open(struct input *input, const char *path, struct error *err);
void input_close(struct input *input);

/* Up to cap bytes of text, unpacked; *got is 0 at the end. What is no text (a core file, UTF-16,
 * something packed by another program) is an error that says what to do with it. */
bool input_read(struct input *input, char *to, size_t cap, size_t *got, struct error *err);

/* All of it. More than INPUT_MAX bytes are an error. */
#define INPUT_MAX ((size_t)1 << 30)
bool input_read_all(const char *path, struct buf *ret, struct error *err);

#endif
