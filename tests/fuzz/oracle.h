/* oracle: what every fuzz target holds its module to. A broken promise ends the process with a message,
 * which libFuzzer, AFL++ and replay.c all take for a finding. */
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

/* The entry point of each target: libFuzzer's, and so AFL++'s. Returns 0. */
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

/* Calls take for each line of the input, so that whole texts are seeds for what parses lines. */
void oracle_lines(const uint8_t *data, size_t size, void (*take)(struct span line));

/* The view is in the text, or is empty. */
void oracle_inside(struct span part, struct span whole);

/* UTF-8 without control characters, but for newlines in output. */
enum oracle_text { ORACLE_NAME, ORACLE_OUTPUT, ORACLE_COLOURED };
void oracle_text(struct span text, enum oracle_text kind);
/* An error that says where and why: false was returned, and this is in it. */
void oracle_error(const struct error *err, enum error_code code);

/* Weights add up, names are clean. */
void oracle_profile(const struct profile *profile);
/* A profile as text in a format, checked; the caller frees it. */
char *oracle_write(const struct profile *profile, const char *format,
                   const struct write_options *view);
/* Writes it in every format, and reads again what can be read: same bytes, same totals. */
void oracle_formats(const struct profile *profile);

/* Bytes that are allocated now, as AddressSanitizer counts them; 0 without it. */
size_t oracle_allocated(void);
/* What was allocated since `before` is within what a text of so many bytes may cost (merger.h). */
void oracle_memory(size_t before, size_t size);

#endif
