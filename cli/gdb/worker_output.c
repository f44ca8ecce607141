#include "cli/gdb/worker_output.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/gdb/gdb_process.h"
#include "cli/os/clock.h"
#include "merger/parse/marker.h"

#define GDB_MAJOR_MIN 8u

enum line_verb {
	LINE_HELLO,
	LINE_WARM,
	LINE_BEGIN,
	LINE_END,
	LINE_ERROR,
	LINE_SAMPLE,
	LINE_WALK,
	LINE_WALKED,
	LINE_GONE,
	LINE_OTHER,
};

static const struct {
	struct span name;
	bool plain; /* an echo line of plain mode; otherwise a line of the agent */
	enum line_verb verb;
} verbs[] = {
	{ SPAN_LIT("hello"), false, LINE_HELLO }, { SPAN_LIT("warm"), false, LINE_WARM },
	{ SPAN_LIT("begin"), false, LINE_BEGIN }, { SPAN_LIT("end"), false, LINE_END },
	{ SPAN_LIT("error"), false, LINE_ERROR }, { SPAN_LIT("hello"), true, LINE_HELLO },
	{ SPAN_LIT("warm"), true, LINE_WARM },    { SPAN_LIT("sample"), true, LINE_SAMPLE },
	{ SPAN_LIT("walk"), true, LINE_WALK },    { SPAN_LIT("walked"), true, LINE_WALKED },
	{ SPAN_LIT("gone"), true, LINE_GONE },
};

/* gdb's reasons for a failed attach; of several lines the first is the most specific. */
static const char *const attach_errors[] = {
	"ptrace: ",     "ould not attach", "nable to attach", "No such process",
	" is a zombie", "already traced",  "not permitted",
};

/* Lines of a gdb in which the agent does not run. */
static const char *const python_errors[] = {
	"not supported in this copy of GDB",
	"Python Exception ",
	"Error while executing Python code",
	"Undefined command: \"python\"",
};

void worker_output_deinit(struct worker_output *output)
{
	buf_deinit(&output->in);
	buf_deinit(&output->sample);
	buf_deinit(&output->notes);
}

void worker_output_begin(struct worker_output *output, uint32_t pid, uint64_t sample,
                         uint64_t epoch_us)
{
	output->pid = pid;
	output->sample_number = sample;
	output->epoch_us = epoch_us;
	output->phase = WORKER_OUTPUT_OUTSIDE;
	output->pause_us = 0;
	output->why[0] = '\0';
	buf_clear(&output->sample);
}

static void copy_trimmed(char *ret, size_t size, struct span s)
{
	s = span_trim(s);
	if (s.len >= size)
		s.len = size - 1;
	if (s.len)
		memcpy(ret, s.ptr, s.len);
	ret[s.len] = '\0';
}

static bool has_pattern(struct span line, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(line.ptr, line.len, patterns[i], strlen(patterns[i])))
			return true;
	return false;
}

#define HAS_PATTERN(line, patterns)                                                                \
	has_pattern(line, patterns, sizeof(patterns) / sizeof(*(patterns)))

static void add_line(struct buf *to, struct span line)
{
	buf_add_span(to, line);
	buf_add(to, "\n", 1);
}

/* A name in gdb's line may look like a marker, at the start of the line or after a prefix that
 * the parser skips. Its '~' is escaped, but not that of a destructor "x::~pmp (". */
static void add_gdb_line(struct buf *to, struct span line)
{
	for (size_t at = 0; line.len;) {
		const char *mark = memmem(line.ptr + at, line.len - at, MARKER_PREFIX,
		                          sizeof(MARKER_PREFIX) - 1);
		size_t len = mark ? (size_t)(mark - line.ptr) : line.len;

		if (mark && len >= 2 && !memcmp(mark - 2, "::", 2)) {
			at = len + 1;
			continue;
		}
		buf_add(to, line.ptr, len);
		if (!mark)
			break;
		buf_add_span(to, SPAN_LIT("\\x7e"));
		line = span_skip(line, len + 1);
		at = 0;
	}
	buf_add(to, "\n", 1);
}

static void note_version(struct worker_output *output, struct span version)
{
	while (version.len && !isdigit((unsigned char)*version.ptr))
		version = span_skip(version, 1);
	for (output->gdb_major = 0;
	     version.len && isdigit((unsigned char)*version.ptr) && output->gdb_major < 1000;
	     version = span_skip(version, 1))
		output->gdb_major = output->gdb_major * 10 + (unsigned)(*version.ptr - '0');
}

/* "GNU gdb (Debian 13.1-3) 13.1": the last word is the version. */
static void note_banner(struct worker_output *output, struct span line)
{
	const char *blank;

	if (!span_starts(line, SPAN_LIT("GNU gdb ")))
		return;
	blank = memrchr(line.ptr, ' ', line.len);
	note_version(output, span_skip(line, (size_t)(blank + 1 - line.ptr)));
}

static bool end_plain_sample(struct worker_output *output, enum worker_event *ret)
{
	uint64_t now = clock_now_us();
	struct buf *sample = &output->sample;

	output->phase = WORKER_OUTPUT_OUTSIDE;
	output->pause_us = now - output->attach_us;
	if (!output->has_frame) {
		if (!*output->why)
			snprintf(output->why, sizeof(output->why), "gdb printed no stack%s%.200s",
			         *output->last_line ? ": " : "", output->last_line);
		*ret = WORKER_SAYS_ERROR;
		return true;
	}
	marker_open(sample, "end");
	marker_addf(sample, "sample", "%" PRIu64, output->sample_number);
	marker_addf(sample, "pid", "%" PRIu32, output->pid);
	marker_addf(sample, "pause_us", "%" PRIu64, output->pause_us);
	marker_close(sample);
	*ret = WORKER_SAYS_END;
	return true;
}

static void begin_plain_sample(struct worker_output *output)
{
	struct buf *sample = &output->sample;

	output->phase = WORKER_OUTPUT_ATTACH;
	output->attach_us = clock_now_us();
	output->has_frame = false;
	output->why[0] = output->last_line[0] = '\0';
	buf_clear(sample);
	marker_open(sample, "begin");
	marker_addf(sample, "sample", "%" PRIu64, output->sample_number);
	marker_addf(sample, "pid", "%" PRIu32, output->pid);
	marker_addf(sample, "time_us", "%" PRIu64, output->attach_us - output->epoch_us);
	marker_close(sample);
}

static enum line_verb find_verb(const struct worker_output *output, struct span line,
                                struct marker *marker)
{
	size_t len;

	line = span_skip(line, strlen(output->line_prefix));
	for (len = 0; len < line.len && line.ptr[len] != ' ';)
		len++;
	marker->pairs = span_skip(line, len + 1);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (verbs[i].plain == !output->agent &&
		    span_eq((struct span){ line.ptr, len }, verbs[i].name))
			return verbs[i].verb;
	return LINE_OTHER;
}

static void take_value(const struct marker *marker, const char *key, char *ret, size_t size)
{
	struct buf why = { 0 };

	copy_trimmed(ret, size, marker_decode(marker_get(marker, key), &why));
	buf_deinit(&why);
}

static enum worker_event check_hello(struct worker_output *output, const struct marker *marker)
{
	output->has_hello = true;
	if (output->agent) {
		note_version(output, marker_get(marker, "gdb"));
		take_value(marker, "no_seize", output->no_seize, sizeof(output->no_seize));
	}
	if (output->gdb_major >= GDB_MAJOR_MIN)
		return WORKER_SAYS_HELLO;
	if (output->gdb_major)
		snprintf(
		        output->why, sizeof(output->why),
		        "gdb %u is too old: pmp needs gdb %u or newer; name another one with --gdb",
		        output->gdb_major, GDB_MAJOR_MIN);
	else
		snprintf(output->why, sizeof(output->why), "it does not say which gdb it is");
	return WORKER_UNSUPPORTED;
}

/* A line that starts with line_prefix. true: *ret is set. */
static bool take_marker_line(struct worker_output *output, struct span line, enum worker_event *ret)
{
	struct marker marker = { 0 };
	enum line_verb verb = find_verb(output, line, &marker);

	switch (verb) {
	case LINE_HELLO:
		*ret = check_hello(output, &marker);
		return true;
	case LINE_WARM:
		*ret = WORKER_SAYS_WARM;
		return true;
	case LINE_ERROR:
		*ret = WORKER_SAYS_ERROR;
		output->phase = WORKER_OUTPUT_OUTSIDE;
		take_value(&marker, "why", output->why, sizeof(output->why));
		return true;
	case LINE_BEGIN:
		output->phase = WORKER_OUTPUT_SAMPLE;
		buf_clear(&output->sample);
		add_line(&output->sample, line);
		return false;
	case LINE_END:
		output->phase = WORKER_OUTPUT_OUTSIDE;
		output->pause_us = marker_number(&marker, "pause_us", 0);
		add_line(&output->sample, line);
		*ret = WORKER_SAYS_END;
		return true;
	case LINE_SAMPLE:
		begin_plain_sample(output);
		return false;
	case LINE_WALK:
		output->phase = WORKER_OUTPUT_WALK;
		return false;
	case LINE_WALKED:
		output->phase = WORKER_OUTPUT_DETACH;
		return false;
	case LINE_GONE:
		return end_plain_sample(output, ret);
	case LINE_OTHER:
		add_line(output->phase == WORKER_OUTPUT_SAMPLE ? &output->sample : &output->notes,
		         line);
		return false;
	}
	return false;
}

/* A line without line_prefix: gdb printed it. true: *ret is set. */
static bool take_gdb_line(struct worker_output *output, struct span line, enum worker_event *ret)
{
	switch (output->phase) {
	case WORKER_OUTPUT_WALK:
		output->has_frame |= span_starts(line, SPAN_LIT("#0 "));
		add_gdb_line(&output->sample, line);
		return false;
	case WORKER_OUTPUT_SAMPLE:
		add_line(&output->sample, line);
		return false;
	case WORKER_OUTPUT_OUTSIDE:
	case WORKER_OUTPUT_ATTACH:
	case WORKER_OUTPUT_DETACH:
		break;
	}
	if (!span_trim(line).len)
		return false;
	copy_trimmed(output->last_line, sizeof(output->last_line), line);
	if (output->phase == WORKER_OUTPUT_ATTACH && !*output->why &&
	    HAS_PATTERN(line, attach_errors))
		copy_trimmed(output->why, sizeof(output->why), line);
	if (output->has_hello)
		return false;
	note_banner(output, line);
	if (!output->agent || !HAS_PATTERN(line, python_errors))
		return false;
	copy_trimmed(output->why, sizeof(output->why), line);
	*ret = WORKER_SAYS_ERROR;
	return true;
}

static bool exceeds_limit(struct worker_output *output, enum worker_event *ret)
{
	if (output->sample.len <= WORKER_OUTPUT_MAX && output->notes.len <= WORKER_OUTPUT_MAX &&
	    output->in.len <= GDB_PROCESS_LINE_MAX)
		return false;
	buf_clear(&output->sample);
	buf_clear(&output->notes);
	buf_clear(&output->in);
	output->done = 0;
	output->phase = WORKER_OUTPUT_OUTSIDE;
	*ret = WORKER_OUTPUT_LIMIT;
	return true;
}

bool worker_output_next(struct worker_output *output, enum worker_event *ret)
{
	for (;;) {
		struct span rest = span_skip(buf_span(&output->in), output->done);
		const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
		struct span line;
		bool has_event;

		if (!end)
			break;
		line = (struct span){ rest.ptr, (size_t)(end - rest.ptr) };
		output->done += line.len + 1;
		has_event = span_starts(line, span_of(output->line_prefix))
		                    ? take_marker_line(output, line, ret)
		                    : take_gdb_line(output, line, ret);
		if (has_event)
			return true;
	}
	buf_consume(&output->in, output->done);
	output->done = 0;
	return exceeds_limit(output, ret);
}
