#include "cli/gdb/timeouts.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned ms;
} rows[DEADLINE_COUNT] = {
	[DEADLINE_START] = { "start", 20000 },   [DEADLINE_WARM] = { "warm", 120000 },
	[DEADLINE_ATTACH] = { "attach", 30000 }, [DEADLINE_SAMPLE] = { "sample", 30000 },
	[DEADLINE_DETACH] = { "detach", 5000 },  [DEADLINE_CLOSE] = { "close", 1000 },
	[DEADLINE_HURRY] = { "hurry", 250 },     [DEADLINE_BLOCKED] = { "blocked", 1000 },
};

static enum deadline row_by_name(const char *name, size_t len)
{
	for (enum deadline i = DEADLINE_NONE + 1; i < DEADLINE_COUNT; i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return i;
	return DEADLINE_NONE;
}

bool deadlines_parse(struct deadlines *deadlines, const char *text, struct error *err)
{
	for (size_t i = 0; i < DEADLINE_COUNT; i++)
		deadlines->us[i] = (uint64_t)rows[i].ms * 1000;
	while (text && *text) {
		size_t len = strcspn(text, "=");
		enum deadline row = row_by_name(text, len);
		char *end = NULL;
		double seconds = text[len] ? strtod(text + len + 1, &end) : -1;

		if (!row || !end || end == text + len + 1 || (*end && *end != ',') ||
		    !(seconds > 0 && seconds <= 1e6))
			return error_set(
			        err, ERROR_USAGE,
			        "PMP_DEADLINES: bad entry '%s': expected name=seconds, as in "
			        "start=2,sample=0.5",
			        text);
		deadlines->us[row] = (uint64_t)(seconds * 1e6);
		text = *end ? end + 1 : end;
	}
	return true;
}
