/* Collapsed stacks: refused with a reason, or read; what is then written is read and written the
 * same. */
#include "tests/fuzz/oracle.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = oracle_span(data, size);
	struct error err = { 0 };
	size_t before = oracle_allocated();
	struct profile *profile = collapsed_read(text, "fuzz.collapsed", &err);

	oracle_memory(before, size);
	collapsed_detect(text);
	if (!profile) {
		oracle_error(&err, ERROR_INPUT);
		CHECK(span_starts(span_of(err.text), SPAN_LIT("fuzz.collapsed:")), "%s", err.text);
		return 0;
	}
	oracle_profile(profile);
	oracle_formats(profile);
	profile_destroy(profile);
	return 0;
}
