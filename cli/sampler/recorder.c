#include "cli/sampler/recorder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/os/clock.h"
#include "cli/proc/container.h"
#include "merger/parse/marker.h"

#define CMDLINE_MAX 4096
#define MAPS_MAX (16u << 20)

void journal_deinit(struct journal *journal)
{
	buf_deinit(&journal->line);
	buf_deinit(&journal->early);
}

void journal_text(struct journal *journal, struct span text)
{
	if (!journal->open)
		buf_add_span(&journal->early, text);
	else if (journal->err.code == ERROR_NONE && text.len)
		journal->sink->text(journal->sink->ctx, text.ptr, text.len, &journal->err);
}

static struct buf *begin(struct journal *journal, const char *verb)
{
	buf_clear(&journal->line);
	marker_open(&journal->line, verb);
	return &journal->line;
}

static void end(struct journal *journal)
{
	marker_close(&journal->line);
	journal_text(journal, buf_span(&journal->line));
}

void journal_open(struct journal *journal, const char *attach, double rate_hz, uint64_t samples)
{
	struct buf *line = begin(journal, "run");
	char started[32], host[256] = "";

	clock_wall(started, sizeof(started));
	gethostname(host, sizeof(host) - 1);
	journal->open = true;
	marker_addf(line, "version", "1");
	marker_add(line, "started", span_of(started));
	marker_addf(line, "rate", "%.9g", rate_hz);
	marker_addf(line, "samples", "%" PRIu64, samples);
	marker_add(line, "attach", span_of(attach));
	if (*host)
		marker_add(line, "host", span_of(host));
	end(journal);
}

static void add_args(struct buf *line, uint32_t pid)
{
	struct target_stat stat;
	struct buf text = { 0 };
	struct span rest;

	/* Reading it takes a lock of the target's, which a process in state D may hold. */
	if (target_stat(pid, 0, &stat) && stat.state != 'D')
		target_read(pid, "cmdline", CMDLINE_MAX, &text);
	rest = buf_span(&text);
	while (rest.len) {
		size_t len = strnlen(rest.ptr, rest.len);

		marker_add(line, "arg", (struct span){ rest.ptr, len });
		rest = span_skip(rest, len + 1);
	}
	if (!text.len && *stat.comm)
		marker_add(line, "arg", span_of(stat.comm));
	buf_deinit(&text);
}

void journal_target(struct journal *journal, uint32_t pid)
{
	struct buf *line = begin(journal, "target");
	char path[4096], root[4096];
	struct span exe;

	target_link(pid, "exe", path, sizeof(path));
	target_link(pid, "root", root, sizeof(root));
	exe = container_path(span_of(path), root);
	if (span_ends(exe, SPAN_LIT(" (deleted)")))
		exe.len -= sizeof(" (deleted)") - 1;
	marker_addf(line, "pid", "%" PRIu32, pid);
	if (exe.len)
		marker_add(line, "executable", exe);
	add_args(line, pid);
	end(journal);
}

void journal_early(struct journal *journal)
{
	journal_text(journal, buf_span(&journal->early));
	buf_deinit(&journal->early);
}

void journal_note(struct journal *journal, uint32_t pid, const char *format, ...)
{
	struct buf *line = begin(journal, "note");
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	marker_addf(line, "pid", "%" PRIu32, pid);
	marker_add(line, "text", span_of(text));
	end(journal);
	if (journal->sink->note)
		journal->sink->note(journal->sink->ctx, text);
}

void journal_late(struct journal *journal, uint64_t sample, uint32_t pid)
{
	struct buf *line = begin(journal, "late");

	marker_addf(line, "sample", "%" PRIu64, sample);
	marker_addf(line, "pid", "%" PRIu32, pid);
	end(journal);
}

void journal_failed(struct journal *journal, uint64_t sample, uint32_t pid, uint64_t time_us,
                    const char *why, const struct target_threads *threads)
{
	struct buf *line = begin(journal, "failed");

	marker_addf(line, "sample", "%" PRIu64, sample);
	marker_addf(line, "pid", "%" PRIu32, pid);
	marker_addf(line, "time_us", "%" PRIu64, time_us);
	marker_add(line, "why", span_of(*why ? why : "gdb does not say why"));
	for (size_t i = 0; i < threads->count; i++)
		marker_addf(line, "tid", "%" PRIu32, threads->rows[i].tid);
	end(journal);
}

/* FNV-1a: to notice a change, not to withstand somebody. */
static uint64_t hash_of(struct span s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void add_map(struct buf *lines, uint32_t pid, const char *root, struct span line)
{
	struct target_map map;

	if (!target_map_parse(line, &map) || map.perms[2] != 'x' || !map.path.len)
		return;
	marker_open(lines, "map");
	marker_addf(lines, "pid", "%" PRIu32, pid);
	marker_addf(lines, "start", "0x%" PRIx64, map.start);
	marker_addf(lines, "end", "0x%" PRIx64, map.end);
	marker_addf(lines, "offset", "0x%" PRIx64, map.offset);
	marker_add(lines, "path", container_path(map.path, root));
	marker_close(lines);
}

void journal_maps(struct journal *journal, uint32_t pid, uint64_t *hash)
{
	struct buf text = { 0 }, lines = { 0 };
	struct target_stat stat;
	char root[4096];
	struct span rest;
	uint64_t now;

	if (!target_stat(pid, 0, &stat) || stat.state == 'D' ||
	    !target_read(pid, "maps", MAPS_MAX, &text)) {
		buf_deinit(&text);
		return;
	}
	target_link(pid, "root", root, sizeof(root));
	marker_open(&lines, "maps");
	marker_addf(&lines, "pid", "%" PRIu32, pid);
	marker_close(&lines);
	for (rest = buf_span(&text); rest.len;) {
		const char *newline = memchr(rest.ptr, '\n', rest.len);
		size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;

		add_map(&lines, pid, root, (struct span){ rest.ptr, len });
		rest = span_skip(rest, len + 1);
	}
	now = hash_of(buf_span(&lines));
	if (now != *hash && text.len)
		journal_text(journal, buf_span(&lines));
	*hash = now;
	buf_deinit(&text);
	buf_deinit(&lines);
}

void journal_stop(struct journal *journal, uint64_t elapsed_us, uint64_t stopped_us,
                  bool interrupted)
{
	struct buf *line = begin(journal, "stop");

	marker_addf(line, "seconds", "%.6f", (double)elapsed_us / 1e6);
	marker_addf(line, "stopped_us", "%" PRIu64, stopped_us);
	if (interrupted)
		marker_addf(line, "interrupted", "1");
	end(journal);
}
