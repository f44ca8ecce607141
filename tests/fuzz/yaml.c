/* A YAML profile: refused with a reason, or read; what is then written is read and written the
 * same. Also check_windows of its timeline. */
#include "tests/fuzz/oracle.h"
#include "merger/formats/file_writers.h"
#include "merger/profile/profile.h"
#include "merger/transform/time_window.h"

/* The rest after a window is a valid profile. */
static void check_windows(struct profile *profile)
{
	static const struct time_window cuts[] = {
		{ .from = { true, false, 2000 }, .to = { true, true, 100 } },
		{ .running = true, .to = { true, false, 700000 } },
		{ .weight = PROFILE_CPU_US },
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct error err = { 0 };

		if (!time_window_apply(profile, &cuts[i], &err)) {
			oracle_error(&err, ERROR_INPUT);
			continue;
		}
		oracle_profile(profile);
		CHECK(!profile->timeline || profile->timeline->stacks == profile_stacks(profile),
		      "%zu", i);
		oracle_formats(profile);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = oracle_span(data, size);
	struct error err = { 0 };
	size_t before = oracle_allocated();
	struct profile *profile = yaml_profile_read(text, "fuzz.yaml", &err);

	oracle_memory(before, size);
	yaml_profile_detect(text);
	if (!profile) {
		oracle_error(&err, ERROR_INPUT);
		CHECK(span_starts(span_of(err.text), SPAN_LIT("fuzz.yaml:")), "%s", err.text);
		return 0;
	}
	oracle_profile(profile);
	oracle_formats(profile);
	check_windows(profile);
	profile_destroy(profile);
	return 0;
}
