/* gdb's text, or any other text: makes a profile, writes it in all formats and reads the
 * results. */
#include "tests/fuzz/oracle.h"
#include "merger/build/profile_builder.h"
#include "merger/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The options depend on the length, so that any text is a seed. */
	const struct profile_builder_options options = { size & 1, size & 2, size & 4,
		                                         true,     0,        1000000 };
	size_t before = oracle_allocated();
	struct profile_builder *builder = profile_builder_create(&options);
	struct profile_builder_progress progress;
	struct profile *profile;

	profile_builder_feed(builder, (const char *)data, size);
	profile_builder_end_input(builder);
	progress = profile_builder_progress(builder);
	profile = profile_builder_finish(builder);
	profile_builder_destroy(builder);
	oracle_memory(before, size);
	CHECK(progress.stacks == profile_stacks(profile), "stacks");
	CHECK(profile->unknown_lines <= profile->text_lines, "lines");
	oracle_profile(profile);
	oracle_formats(profile);
	profile_destroy(profile);
	return 0;
}
