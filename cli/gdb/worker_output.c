#include "cli/gdb/worker_output.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/os/clock.h"
#include "merger/parse/marker.h"

#define GDB_MAJOR_MIN 8u
#define LINE_MAX_BYTES (4u << 20)

enum text_verb {
	SAID_HELLO,
	SAID_WARM,
	SAID_ATTACHED,
	SAID_BEGIN,
	SAID_END,
	SAID_DETACHED,
	SAID_STOPPED,
	SAID_ERROR,
	SAID_ONE_SHOT,
	SAID_WALK,
	SAID_WALKED,
	SAID_GONE,
	SAID_OTHER,
};

static const struct {
	struct span name;
	bool plain; /* of the plain mode's echo lines; otherwise of the agent's */
	enum text_verb verb;
} verbs[] = {
	{ SPAN_LIT("hello"), false, SAID_HELLO },
	{ SPAN_LIT("warm"), false, SAID_WARM },
	{ SPAN_LIT("attached"), false, SAID_ATTACHED },
	{ SPAN_LIT("begin"), false, SAID_BEGIN },
	{ SPAN_LIT("end"), false, SAID_END },
	{ SPAN_LIT("detached"), false, SAID_DETACHED },
	{ SPAN_LIT("stopped"), false, SAID_STOPPED },
	{ SPAN_LIT("error"), false, SAID_ERROR },
	{ SPAN_LIT("hello"), true, SAID_HELLO },
	{ SPAN_LIT("warm"), true, SAID_WARM },
	{ SPAN_LIT("one_shot"), true, SAID_ONE_SHOT },
	{ SPAN_LIT("walk"), true, SAID_WALK },
	{ SPAN_LIT("walked"), true, SAID_WALKED },
	{ SPAN_LIT("gone"), true, SAID_GONE },
};

/* Lines in which gdb says why it could not attach; the first one that comes is the one that tells most. */
static const char *const attach_errors[] = {
	"ptrace: ",     "ould not attach", "nable to attach", "No such process",
	" is a zombie", "already traced",  "not permitted",
};

/* Lines by which a gdb says that the agent does not run in it. */
static const char *const python_errors[] = {
	"not supported in this copy of GDB",
	"Python Exception ",
	"Error while executing Python code",
	"Undefined command: \"python\"",
};

void worker_output_deinit(struct worker_output *text)
{
	buf_deinit(&text->in);
	buf_deinit(&text->sample);
	buf_deinit(&text->notes);
}

void worker_output_begin(struct worker_output *text, uint32_t pid, uint64_t sample,
                         uint64_t epoch_us)
{
	text->pid = pid;
	text->number = sample;
	text->epoch_us = epoch_us;
	text->phase = WORKER_OUTPUT_OUTSIDE;
	text->pause_us = 0;
	text->why[0] = '\0';
	buf_clear(&text->sample);
}

static void copy(char *ret, size_t size, struct span s)
{
	s = span_trim(s);
	if (s.len >= size)
		s.len = size - 1;
	if (s.len)
		memcpy(ret, s.ptr, s.len);
	ret[s.len] = '\0';
}

static bool matches(struct span line, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(line.ptr, line.len, patterns[i], strlen(patterns[i])))
			return true;
	return false;
}

#define MATCHES(line, patterns) matches(line, patterns, sizeof(patterns) / sizeof(*(patterns)))

static void add_line(struct buf *to, struct span line)
{
	buf_add_span(to, line);
	buf_add(to, "\n", 1);
}

/* A line of gdb's. A name in it that would pass for a marker, at the line's beginning or behind what may stand before a
 * line, does so no more; a destructor "x::~pmp (" is let be. */
static void add_foreign_line(struct buf *to, struct span line)
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

static void note_version(struct worker_output *text, struct span version)
{
	while (version.len && !isdigit((unsigned char)*version.ptr))
		version = span_skip(version, 1);
	for (text->gdb_major = 0;
	     version.len && isdigit((unsigned char)*version.ptr) && text->gdb_major < 1000;
	     version = span_skip(version, 1))
		text->gdb_major = text->gdb_major * 10 + (unsigned)(*version.ptr - '0');
}

/* "GNU gdb (Debian 13.1-3) 13.1": the last word is the version. */
static void note_banner(struct worker_output *text, struct span line)
{
	const char *blank;

	if (!span_starts(line, SPAN_LIT("GNU gdb ")))
		return;
	blank = memrchr(line.ptr, ' ', line.len);
	note_version(text, span_skip(line, (size_t)(blank + 1 - line.ptr)));
}

static enum worker_event greet(struct worker_output *text, const struct marker *marker)
{
	text->greeted = true;
	if (text->agent)
		note_version(text, marker_get(marker, "gdb"));
	if (text->gdb_major >= GDB_MAJOR_MIN)
		return WORKER_SAYS_HELLO;
	if (text->gdb_major)
		snprintf(
		        text->why, sizeof(text->why),
		        "gdb %u is too old: pmp needs gdb %u or newer; name another one with --gdb",
		        text->gdb_major, GDB_MAJOR_MIN);
	else
		snprintf(text->why, sizeof(text->why), "it does not say which gdb it is");
	return WORKER_UNSUPPORTED;
}

static bool plain_end(struct worker_output *text, enum worker_event *ret)
{
	uint64_t now = clock_now_us();
	struct buf *sample = &text->sample;

	text->phase = WORKER_OUTPUT_OUTSIDE;
	text->pause_us = now - text->held_us;
	if (!text->has_frame) {
		if (!*text->why)
			snprintf(text->why, sizeof(text->why), "gdb printed no stack%s%.200s",
			         *text->last ? ": " : "", text->last);
		*ret = WORKER_SAYS_ERROR;
		return true;
	}
	marker_open(sample, "end");
	marker_addf(sample, "sample", "%" PRIu64, text->number);
	marker_addf(sample, "pid", "%" PRIu32, text->pid);
	marker_addf(sample, "pause_us", "%" PRIu64, text->pause_us);
	marker_close(sample);
	*ret = WORKER_SAYS_END;
	return true;
}

static void plain_begin(struct worker_output *text)
{
	struct buf *sample = &text->sample;

	text->phase = WORKER_OUTPUT_ATTACH;
	text->held_us = clock_now_us();
	text->has_frame = false;
	text->why[0] = text->last[0] = '\0';
	buf_clear(sample);
	marker_open(sample, "begin");
	marker_addf(sample, "sample", "%" PRIu64, text->number);
	marker_addf(sample, "pid", "%" PRIu32, text->pid);
	marker_addf(sample, "time_us", "%" PRIu64, text->held_us - text->epoch_us);
	marker_close(sample);
}

static enum text_verb verb_of(const struct worker_output *text, struct span line,
                              struct marker *marker)
{
	size_t len;

	line = span_skip(line, strlen(text->mark));
	for (len = 0; len < line.len && line.ptr[len] != ' ';)
		len++;
	marker->pairs = span_skip(line, len + 1);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (verbs[i].plain == !text->agent &&
		    span_eq((struct span){ line.ptr, len }, verbs[i].name))
			return verbs[i].verb;
	return SAID_OTHER;
}

static void take_value(const struct marker *marker, const char *key, char *ret, size_t size)
{
	struct buf why = { 0 };

	copy(ret, size, marker_decode(marker_get(marker, key), &why));
	buf_deinit(&why);
}

/* A line of the worker's own. */
static bool take_own(struct worker_output *text, struct span line, enum worker_event *ret)
{
	struct marker marker = { 0 };
	enum text_verb verb = verb_of(text, line, &marker);

	switch (verb) {
	case SAID_HELLO:
		*ret = greet(text, &marker);
		return true;
	case SAID_WARM:
		*ret = WORKER_SAYS_WARM;
		return true;
	case SAID_ATTACHED:
		text->pause_us = marker_number(&marker, "pause_us", 0);
		add_line(&text->notes, line); /* the journal tells of its pause */
		*ret = WORKER_SAYS_ATTACHED;
		return true;
	case SAID_DETACHED:
		*ret = WORKER_SAYS_DETACHED;
		return true;
	case SAID_ERROR:
		*ret = WORKER_SAYS_ERROR;
		text->phase = WORKER_OUTPUT_OUTSIDE;
		take_value(&marker, "why", text->why, sizeof(text->why));
		return true;
	case SAID_STOPPED:
		*ret = WORKER_SAYS_STOPPED;
		text->phase = WORKER_OUTPUT_OUTSIDE;
		take_value(&marker, "signal", text->stopped, sizeof(text->stopped));
		return true;
	case SAID_BEGIN:
		text->phase = WORKER_OUTPUT_SAMPLE;
		buf_clear(&text->sample);
		add_line(&text->sample, line);
		return false;
	case SAID_END:
		text->phase = WORKER_OUTPUT_OUTSIDE;
		text->pause_us = marker_number(&marker, "pause_us", 0);
		add_line(&text->sample, line);
		*ret = WORKER_SAYS_END;
		return true;
	case SAID_ONE_SHOT:
		plain_begin(text);
		return false;
	case SAID_WALK:
		text->phase = WORKER_OUTPUT_WALK;
		return false;
	case SAID_WALKED:
		text->phase = WORKER_OUTPUT_DETACH;
		return false;
	case SAID_GONE:
		return plain_end(text, ret);
	case SAID_OTHER:
		add_line(text->phase == WORKER_OUTPUT_SAMPLE ? &text->sample : &text->notes, line);
		return false;
	}
	return false;
}

/* A line of gdb's. */
static bool take_line(struct worker_output *text, struct span line, enum worker_event *ret)
{
	switch (text->phase) {
	case WORKER_OUTPUT_WALK:
		text->has_frame |= span_starts(line, SPAN_LIT("#0 "));
		add_foreign_line(&text->sample, line);
		return false;
	case WORKER_OUTPUT_SAMPLE:
		add_line(&text->sample, line);
		return false;
	case WORKER_OUTPUT_OUTSIDE:
	case WORKER_OUTPUT_ATTACH:
	case WORKER_OUTPUT_DETACH:
		break;
	}
	if (!span_trim(line).len)
		return false;
	copy(text->last, sizeof(text->last), line);
	if (text->phase == WORKER_OUTPUT_ATTACH && !*text->why && MATCHES(line, attach_errors))
		copy(text->why, sizeof(text->why), line);
	if (text->greeted)
		return false;
	note_banner(text, line);
	if (!text->agent || !MATCHES(line, python_errors))
		return false;
	copy(text->why, sizeof(text->why), line);
	*ret = WORKER_SAYS_ERROR;
	return true;
}

static bool floods(struct worker_output *text, enum worker_event *ret)
{
	if (text->sample.len <= WORKER_OUTPUT_MAX && text->notes.len <= WORKER_OUTPUT_MAX &&
	    text->in.len <= LINE_MAX_BYTES)
		return false;
	buf_clear(&text->sample);
	buf_clear(&text->notes);
	buf_clear(&text->in);
	text->done = 0;
	text->phase = WORKER_OUTPUT_OUTSIDE;
	*ret = WORKER_OUTPUT_LIMIT;
	return true;
}

bool worker_output_next(struct worker_output *text, enum worker_event *ret)
{
	for (;;) {
		struct span rest = span_skip(buf_span(&text->in), text->done);
		const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
		struct span line;
		bool said;

		if (!end)
			break;
		line = (struct span){ rest.ptr, (size_t)(end - rest.ptr) };
		text->done += line.len + 1;
		said = span_starts(line, span_of(text->mark)) ? take_own(text, line, ret)
		                                              : take_line(text, line, ret);
		if (said)
			return true;
	}
	buf_consume(&text->in, text->done);
	text->done = 0;
	return floods(text, ret);
}
