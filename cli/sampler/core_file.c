#include "cli/sampler/core_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/gdb/attach_mode.h"
#include "cli/gdb/gdb_process.h"
#include "cli/gdb/timeouts.h"
#include "cli/os/clock.h"
#include "merger/base/buf.h"
#include "merger/base/printable.h"
#include "merger/parse/marker.h"

/* PROGRAM -dcq decompresses its standard input to its standard output. */
static const struct decompressor {
	const char *suffix, *program;
} decompressors[] = {
	{ ".zst", "zstd" },
	{ ".lz4", "lz4" },
	{ ".xz", "xz" },
	{ ".gz", "gzip" },
};

static const struct decompressor *find_decompressor(const char *path)
{
	for (size_t i = 0; i < sizeof(decompressors) / sizeof(decompressors[0]); i++)
		if (span_ends(span_of(path), span_of(decompressors[i].suffix)))
			return &decompressors[i];
	return NULL;
}

static bool open_input(const char *path, int *ret, struct error *err)
{
	struct printable path_text;

	*ret = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return *ret >= 0 || error_set(err, ERROR_INPUT, "cannot read %s: %s",
	                              printable_name(&path_text, path), strerror(errno));
}

static int open_unnamed_file(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	fd = open(folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/pmp-core-XXXXXX", folder ? folder : "/var/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static _Noreturn void run_decompressor(const struct decompressor *decompressor, int from, int to)
{
	dup2(from, STDIN_FILENO);
	dup2(to, STDOUT_FILENO);
	execlp(decompressor->program, decompressor->program, "-dcq", (char *)NULL);
	_exit(127);
}

/* Replaces *fd by a file with the decompressed content. */
static bool decompress(const char *path, const struct decompressor *decompressor, int *fd,
                       struct error *err)
{
	int to = open_unnamed_file(), status = -1;
	struct printable path_text;
	pid_t child;

	if (to < 0)
		return error_set(err, ERROR_FAILED, "no room to unpack %s: %s; TMPDIR says where",
		                 printable_name(&path_text, path), strerror(errno));
	child = fork();
	if (!child)
		run_decompressor(decompressor, *fd, to);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	close(*fd);
	*fd = to;
	if (child > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_INPUT,
		                 "%s: %s, which unpacks it, is not there: install it",
		                 printable_name(&path_text, path), decompressor->program);
	return error_set(err, ERROR_INPUT, "%s: %s could not unpack it",
	                 printable_name(&path_text, path), decompressor->program);
}

static bool open_core(const char *path, int *ret, struct error *err)
{
	const struct decompressor *decompressor = find_decompressor(path);

	return open_input(path, ret, err) &&
	       (!decompressor || decompress(path, decompressor, ret, err));
}

struct core_reader {
	const struct recorder_sink *sink;
	const char *path;
	struct error *err;
	bool complete; /* the sink has all lines */
};

/* One line of the agent's answer. false: it was the last one, or *err is set. */
static bool take_core_line(void *ctx, struct span line)
{
	struct core_reader *reader = ctx;
	bool is_last = span_starts(line, SPAN_LIT(MARKER_PREFIX "end "));
	struct marker marker;
	struct buf why = { 0 };
	struct printable path_text;

	if (span_starts(line, SPAN_LIT(MARKER_PREFIX "hello ")))
		return true;
	if (span_starts(line, SPAN_LIT(MARKER_PREFIX "error "))) {
		marker_parse(line, &marker);
		marker_decode(marker_get(&marker, "why"), &why);
		error_set(reader->err, ERROR_INPUT, "%s: %.*s",
		          printable_name(&path_text, reader->path), SPAN_ARG(why));
		buf_deinit(&why);
		return false;
	}
	if (!reader->sink->text(reader->sink->ctx, line.ptr, line.len + 1, reader->err))
		return false;
	reader->complete = is_last;
	return !is_last;
}

static void ask_gdb(struct gdb_process *gdb, struct core_reader *reader, struct span commands,
                    uint64_t deadline)
{
	switch (gdb_process_ask(gdb, commands, deadline, take_core_line, reader)) {
	case GDB_PROCESS_ANSWERED:
		break;
	case GDB_PROCESS_ENDED:
		error_set(reader->err, ERROR_GDB,
		          "gdb has ended before it had read the core: is there Python in "
		          "it? pmp -V tells");
		break;
	case GDB_PROCESS_TIMEOUT:
		error_set(reader->err, ERROR_TIMEOUT,
		          "gdb has not read the core in time; PMP_DEADLINES "
		          "gives it more (warm=)");
		break;
	}
}

static bool read_core(const struct options *options, struct core_reader *reader, int core,
                      int program)
{
	struct timeouts timeouts;
	struct gdb_process gdb;
	struct buf commands = { 0 };
	char *path;
	bool ok;

	if (!timeouts_parse(&timeouts, getenv("PMP_DEADLINES"), reader->err))
		return false;
	path = gdb_process_find(options->gdb, reader->err);
	ok = path && gdb_process_start(path, true, &gdb, reader->err);
	free(path);
	if (!ok)
		return false;
	buf_add_span(&commands, span_of(attach_mode_row(ATTACH_DUMP)->commands[VERB_START]));
	buf_printf(&commands, "python pmp(\"core\", %d, %d, %d, %d)\n", (int)getpid(), core,
	           program, options->locals);
	ask_gdb(&gdb, reader, buf_span(&commands),
	        clock_now_us() + timeouts.us[TIMEOUT_START] + timeouts.us[TIMEOUT_WARM]);
	buf_deinit(&commands);
	gdb_process_end(&gdb);
	return reader->complete;
}

bool core_file_sample(const struct options *options, const struct recorder_sink *sink,
                      struct error *err)
{
	struct core_reader reader = { .sink = sink, .path = options->core, .err = err };
	int core = -1, program = -1;
	bool ok = open_core(options->core, &core, err) &&
	          (!options->operand_count || open_input(options->operands[0], &program, err)) &&
	          read_core(options, &reader, core, program);

	if (core >= 0)
		close(core);
	if (program >= 0)
		close(program);
	return ok;
}
