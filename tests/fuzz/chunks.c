/* A text gives the same profile, however it is cut into pieces. */
#include "tests/fuzz/oracle.h"

#include <string.h>
#include "merger/build/profile_builder.h"
#include "merger/profile/profile.h"

/* Feeds pieces of `piece` bytes; 0: of varying sizes. Each is a copy that is freed after the
 * call. */
static char *profile_text(const uint8_t *data, size_t size, size_t piece)
{
	const struct profile_builder_options options = { size & 1, size & 2, size & 4,
		                                         true,     0,        1000000 };
	static const struct write_options write_options = { 0 };
	struct profile_builder *builder = profile_builder_create(&options);
	struct profile *profile;
	char *text;

	for (size_t at = 0, odd = 7; at < size;) {
		size_t len = piece ? piece : 1 + (odd = (odd * 31 + data[at]) % 97);
		char *copy;

		if (len > size - at)
			len = size - at;
		copy = malloc(len);
		memcpy(copy, data + at, len);
		profile_builder_feed(builder, copy, len);
		free(copy);
		at += len;
	}
	profile = profile_builder_finish(builder);
	text = oracle_write(profile, "yaml", &write_options);
	profile_destroy(profile);
	profile_builder_destroy(builder);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 0, 4096 };
	char *whole = profile_text(data, size, size ? size : 1);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char *text = profile_text(data, size, pieces[i]);

		CHECK(!strcmp(whole, text), "in pieces of %zu\n%s--- but whole\n%s", pieces[i],
		      text, whole);
		free(text);
	}
	free(whole);
	return 0;
}
