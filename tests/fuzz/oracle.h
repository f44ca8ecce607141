/* oracle: the checks of all fuzz targets. A failed check prints a message and aborts, which
 * libFuzzer, AFL++ and replay.c take as a finding. */
#ifndef PMP_FUZZ_ORACLE_H
#define PMP_FUZZ_ORACLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/error.h"
#include "merger/base/span.h"
#include "merger/profile/profile.h"
#include "merger/profile/write_options.h"

/* The entry point of each target, of libFuzzer and AFL++. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);    \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline struct span oracle_span(const uint8_t *data, size_t size)
{
	return (struct span){ (const char *)data, size };
}

/* Calls take for each line of the input, so that whole texts can be seeds of a line's parser. */
void oracle_lines(const uint8_t *data, size_t size, void (*take)(struct span line));

/* Checks that `part` is inside `whole`, or empty. */
void oracle_inside(struct span part, struct span whole);

/* Checks that text is UTF-8 without control characters. Outputs may have newlines, coloured ones
 * also colours. */
enum oracle_text { ORACLE_NAME, ORACLE_OUTPUT, ORACLE_COLOURED };
void oracle_text(struct span text, enum oracle_text kind);
/* Checks an error: it has this code and a printable text. */
void oracle_error(const struct error *err, enum error_code code);

/* Checks that weights add up and names are escaped. */
void oracle_profile(const struct profile *profile);
/* Writes the profile in a format and checks the text; the caller frees it. */
char *oracle_write(const struct profile *profile, const char *format,
                   const struct write_options *options);
/* Writes the profile in all formats. Reads each text that can be read, and checks that it is
 * written as the same bytes and has the same totals. */
void oracle_formats(const struct profile *profile);

/* The bytes allocated now, from AddressSanitizer; 0 without it. */
size_t oracle_allocated(void);
/* Checks that the memory allocated since `before` is within the bound for a text of `size` bytes
 * (merger/README.md). */
void oracle_memory(size_t before, size_t size);

#endif
