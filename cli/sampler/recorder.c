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

void recorder_deinit(struct recorder *recorder)
{
	buf_deinit(&recorder->line);
	buf_deinit(&recorder->pending);
}

void recorder_text(struct recorder *recorder, struct span text)
{
	if (!recorder->open)
		buf_add_span(&recorder->pending, text);
	else if (recorder->err.code == ERROR_NONE && text.len)
		recorder->sink->text(recorder->sink->ctx, text.ptr, text.len, &recorder->err);
}

static struct buf *open_line(struct recorder *recorder, const char *verb)
{
	buf_clear(&recorder->line);
	marker_open(&recorder->line, verb);
	return &recorder->line;
}

static void close_line(struct recorder *recorder)
{
	marker_close(&recorder->line);
	recorder_text(recorder, buf_span(&recorder->line));
}

void recorder_open(struct recorder *recorder, const char *attach, double rate_hz, uint64_t samples)
{
	struct buf *line = open_line(recorder, "run");
	char started[32], host[256] = "";

	clock_wall(started, sizeof(started));
	gethostname(host, sizeof(host) - 1);
	recorder->open = true;
	marker_addf(line, "version", "1");
	marker_add(line, "started", span_of(started));
	marker_addf(line, "rate", "%.9g", rate_hz);
	marker_addf(line, "samples", "%" PRIu64, samples);
	marker_add(line, "attach", span_of(attach));
	if (*host)
		marker_add(line, "host", span_of(host));
	close_line(recorder);
}

static void add_args(struct buf *line, uint32_t pid)
{
	struct process_stat stat;
	struct buf text = { 0 };
	struct span rest;

	/* Reading it takes the target's mmap lock, which a process in state D may hold. */
	if (process_stat(pid, 0, &stat) && stat.state != 'D')
		process_read(pid, "cmdline", CMDLINE_MAX, &text);
	rest = buf_span(&text);
	/* A title that the process has set is followed by NULs. */
	while (rest.len > 1 && !rest.ptr[rest.len - 1] && !rest.ptr[rest.len - 2])
		rest.len--;
	while (rest.len) {
		size_t len = strnlen(rest.ptr, rest.len);

		marker_add(line, "arg", (struct span){ rest.ptr, len });
		rest = span_skip(rest, len + 1);
	}
	if (!text.len && *stat.comm)
		marker_add(line, "arg", span_of(stat.comm));
	buf_deinit(&text);
}

void recorder_target(struct recorder *recorder, uint32_t pid)
{
	struct buf *line = open_line(recorder, "target");
	char path[4096], root[4096];
	struct span exe;

	process_link(pid, "exe", path, sizeof(path));
	process_link(pid, "root", root, sizeof(root));
	exe = container_path(span_of(path), root);
	if (span_ends(exe, SPAN_LIT(" (deleted)")))
		exe.len -= sizeof(" (deleted)") - 1;
	marker_addf(line, "pid", "%" PRIu32, pid);
	if (exe.len)
		marker_add(line, "executable", exe);
	add_args(line, pid);
	close_line(recorder);
}

void recorder_flush_pending(struct recorder *recorder)
{
	recorder_text(recorder, buf_span(&recorder->pending));
	buf_deinit(&recorder->pending);
}

void recorder_note(struct recorder *recorder, uint32_t pid, const char *format, ...)
{
	struct buf *line = open_line(recorder, "note");
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	marker_addf(line, "pid", "%" PRIu32, pid);
	marker_add(line, "text", span_of(text));
	close_line(recorder);
	if (recorder->sink->note)
		recorder->sink->note(recorder->sink->ctx, text);
}

void recorder_late(struct recorder *recorder, uint64_t sample, uint32_t pid)
{
	struct buf *line = open_line(recorder, "late");

	marker_addf(line, "sample", "%" PRIu64, sample);
	marker_addf(line, "pid", "%" PRIu32, pid);
	close_line(recorder);
}

void recorder_failed(struct recorder *recorder, uint64_t sample, uint32_t pid, uint64_t time_us,
                     const char *why, const struct process_threads *threads)
{
	struct buf *line = open_line(recorder, "failed");

	marker_addf(line, "sample", "%" PRIu64, sample);
	marker_addf(line, "pid", "%" PRIu32, pid);
	marker_addf(line, "time_us", "%" PRIu64, time_us);
	marker_add(line, "why", span_of(*why ? why : "gdb does not say why"));
	for (size_t i = 0; i < threads->count; i++)
		marker_addf(line, "tid", "%" PRIu32, threads->rows[i].tid);
	close_line(recorder);
}

/* FNV-1a: enough to notice a change. */
static uint64_t hash_text(struct span s)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void add_map(struct buf *lines, uint32_t pid, const char *root, struct span line)
{
	struct process_map map;

	if (!process_map_parse(line, &map) || map.perms[2] != 'x' || !map.path.len)
		return;
	marker_open(lines, "map");
	marker_addf(lines, "pid", "%" PRIu32, pid);
	marker_addf(lines, "start", "0x%" PRIx64, map.start);
	marker_addf(lines, "end", "0x%" PRIx64, map.end);
	marker_addf(lines, "offset", "0x%" PRIx64, map.offset);
	marker_add(lines, "path", container_path(map.path, root));
	marker_close(lines);
}

void recorder_maps(struct recorder *recorder, uint32_t pid, uint64_t *hash)
{
	struct buf text = { 0 }, lines = { 0 };
	struct process_stat stat;
	char root[4096];
	struct span rest;
	uint64_t now;

	if (!process_stat(pid, 0, &stat) || stat.state == 'D' ||
	    !process_read(pid, "maps", MAPS_MAX, &text)) {
		buf_deinit(&text);
		return;
	}
	process_link(pid, "root", root, sizeof(root));
	marker_open(&lines, "maps");
	marker_addf(&lines, "pid", "%" PRIu32, pid);
	marker_close(&lines);
	for (rest = buf_span(&text); rest.len;) {
		const char *newline = memchr(rest.ptr, '\n', rest.len);
		size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;

		add_map(&lines, pid, root, (struct span){ rest.ptr, len });
		rest = span_skip(rest, len + 1);
	}
	now = hash_text(buf_span(&lines));
	if (now != *hash && text.len)
		recorder_text(recorder, buf_span(&lines));
	*hash = now;
	buf_deinit(&text);
	buf_deinit(&lines);
}

void recorder_stop(struct recorder *recorder, uint64_t elapsed_us, uint64_t stopped_us,
                   bool interrupted)
{
	struct buf *line = open_line(recorder, "stop");

	marker_addf(line, "seconds", "%.6f", (double)elapsed_us / 1e6);
	marker_addf(line, "stopped_us", "%" PRIu64, stopped_us);
	if (interrupted)
		marker_addf(line, "interrupted", "1");
	close_line(recorder);
}
