#include "cli/gdb/timeouts.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned ms;
} rows[TIMEOUT_COUNT] = {
	[TIMEOUT_START] = { "start", 20000 },    [TIMEOUT_WARM] = { "warm", 120000 },
	[TIMEOUT_SAMPLE] = { "sample", 30000 },  [TIMEOUT_DETACH] = { "detach", 5000 },
	[TIMEOUT_CLOSE] = { "close", 1000 },     [TIMEOUT_HURRY] = { "hurry", 250 },
	[TIMEOUT_BLOCKED] = { "blocked", 1000 },
};

static enum timeout find_timeout(const char *name, size_t len)
{
	for (enum timeout i = TIMEOUT_NONE + 1; i < TIMEOUT_COUNT; i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return i;
	return TIMEOUT_NONE;
}

bool timeouts_parse(struct timeouts *timeouts, const char *text, struct error *err)
{
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		timeouts->us[i] = (uint64_t)rows[i].ms * 1000;
	while (text && *text) {
		size_t len = strcspn(text, "=");
		enum timeout row = find_timeout(text, len);
		char *end = NULL;
		double seconds = text[len] ? strtod(text + len + 1, &end) : -1;

		if (!row || !end || end == text + len + 1 || (*end && *end != ',') ||
		    !(seconds > 0 && seconds <= 1e6))
			return error_set(
			        err, ERROR_USAGE,
			        "PMP_DEADLINES: bad entry '%s': expected name=seconds, as in "
			        "start=2,sample=0.5",
			        text);
		timeouts->us[row] = (uint64_t)(seconds * 1e6);
		text = *end ? end + 1 : end;
	}
	return true;
}
