#include "cli/sampler/core_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/gdb/attach_mode.h"
#include "cli/os/clock.h"
#include "cli/gdb/timeouts.h"
#include "cli/gdb/gdb_process.h"
#include "merger/base/printable.h"

/* Who unpacks what: to standard output, quietly. */
static const struct packer {
	const char *suffix, *program;
} packers[] = {
	{ ".zst", "zstd" },
	{ ".lz4", "lz4" },
	{ ".xz", "xz" },
	{ ".gz", "gzip" },
};

static const struct packer *packer_of(const char *path)
{
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (span_ends(span_of(path), span_of(packers[i].suffix)))
			return &packers[i];
	return NULL;
}

static bool open_input(const char *path, int *ret, struct error *err)
{
	struct printable shown;

	*ret = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return *ret >= 0 || error_set(err, ERROR_INPUT, "cannot read %s: %s",
	                              printable_name(&shown, path), strerror(errno));
}

static int open_nameless(void)
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

static _Noreturn void run_packer(const struct packer *packer, int from, int to)
{
	dup2(from, STDIN_FILENO);
	dup2(to, STDOUT_FILENO);
	execlp(packer->program, packer->program, "-dcq", (char *)NULL);
	_exit(127);
}

/* Replaces *fd by what it unpacks to. */
static bool unpack(const char *path, const struct packer *packer, int *fd, struct error *err)
{
	int to = open_nameless(), status = -1;
	struct printable shown;
	pid_t child;

	if (to < 0)
		return error_set(err, ERROR_FAILED, "no room to unpack %s: %s; TMPDIR says where",
		                 printable_name(&shown, path), strerror(errno));
	child = fork();
	if (!child)
		run_packer(packer, *fd, to);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	close(*fd);
	*fd = to;
	if (child > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_INPUT,
		                 "%s: %s, which unpacks it, is not there: install it",
		                 printable_name(&shown, path), packer->program);
	return error_set(err, ERROR_INPUT, "%s: %s could not unpack it",
	                 printable_name(&shown, path), packer->program);
}

static bool open_core(const char *path, int *ret, struct error *err)
{
	const struct packer *packer = packer_of(path);

	return open_input(path, ret, err) && (!packer || unpack(path, packer, ret, err));
}

struct reading {
	struct gdb_process gdb;
	const struct recorder_sink *sink;
	const char *path;
	struct buf text;
	uint64_t deadline;
	bool over;
};

static bool say(struct reading *reading, struct span text)
{
	while (text.len) {
		ssize_t put = write(reading->gdb.commands, text.ptr, text.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		text = span_skip(text, (size_t)put);
	}
	return true;
}

static bool take_line(struct reading *reading, struct span line, struct error *err)
{
	struct marker marker;
	struct buf why = { 0 };
	struct printable shown;

	if (span_starts(line, SPAN_LIT(MARKER_PREFIX "error "))) {
		marker_parse(line, &marker);
		marker_decode(marker_get(&marker, "why"), &why);
		error_set(err, ERROR_INPUT, "%s: %.*s", printable_name(&shown, reading->path),
		          SPAN_ARG(why));
		buf_deinit(&why);
		return false;
	}
	reading->over = span_starts(line, SPAN_LIT(MARKER_PREFIX "end "));
	line.len++; /* its newline */
	return span_starts(line, SPAN_LIT(MARKER_PREFIX "hello ")) ||
	       reading->sink->text(reading->sink->ctx, line.ptr, line.len, err);
}

static bool take_lines(struct reading *reading, struct error *err)
{
	size_t done = 0;
	bool ok = true;

	while (ok && !reading->over) {
		struct span rest = span_skip(buf_span(&reading->text), done);
		const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;

		if (!end)
			break;
		rest.len = (size_t)(end - rest.ptr);
		ok = take_line(reading, rest, err);
		done += rest.len + 1;
	}
	buf_consume(&reading->text, done);
	return ok;
}

/* More of what gdb says. false: it has ended, or its time is up. */
static bool read_more(struct reading *reading, struct error *err)
{
	struct pollfd poll_fd = { .fd = reading->gdb.text, .events = POLLIN };
	struct timespec wait;
	ssize_t got;

	if (clock_now_us() >= reading->deadline)
		return error_set(err, ERROR_TIMEOUT,
		                 "gdb has not read the core in time; PMP_DEADLINES "
		                 "gives it more (warm=)");
	ppoll(&poll_fd, 1, clock_wait(clock_now_us(), reading->deadline, &wait), NULL);
	got = read(reading->gdb.text, buf_reserve(&reading->text, 65536), 65536);
	if (got > 0)
		reading->text.len += (size_t)got;
	else if (!got || (errno != EAGAIN && errno != EINTR))
		return error_set(err, ERROR_GDB,
		                 "gdb has ended before it had read the core: is there Python in "
		                 "it? pmp -V tells");
	return true;
}

static void end_gdb(struct reading *reading)
{
	close(reading->gdb.commands);
	if (!reading->over)
		kill(reading->gdb.pid, SIGKILL);
	while (waitpid(reading->gdb.pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(reading->gdb.text);
	buf_deinit(&reading->text);
}

static bool read_core(struct reading *reading, int core, int program, bool locals,
                      struct error *err)
{
	struct buf command = { 0 };
	bool ok;

	buf_add_span(&command, span_of(attach_mode_row(ATTACH_DUMP)->commands[VERB_START]));
	buf_printf(&command, "python pmp(\"core\", %d, %d, %d, %d)\n", (int)getpid(), core, program,
	           locals);
	ok = say(reading, buf_span(&command)) ||
	     error_set(err, ERROR_GDB, "gdb does not take commands: %s", strerror(errno));
	buf_deinit(&command);
	while (ok && !reading->over)
		ok = read_more(reading, err) && take_lines(reading, err);
	return ok;
}

static bool run_gdb(const struct options *options, struct reading *reading, int core, int program,
                    struct error *err)
{
	struct timeouts deadlines;
	char *gdb;
	bool ok;

	if (!timeouts_parse(&deadlines, getenv("PMP_DEADLINES"), err))
		return false;
	gdb = gdb_find(options->gdb, err);
	ok = gdb && gdb_process_start(gdb, true, &reading->gdb, err);
	free(gdb);
	if (!ok)
		return false;
	reading->deadline =
	        clock_now_us() + deadlines.us[TIMEOUT_START] + deadlines.us[TIMEOUT_WARM];
	ok = read_core(reading, core, program, options->locals, err);
	end_gdb(reading);
	return ok;
}

bool core_file_sample(const struct options *options, const struct recorder_sink *sink,
                      struct error *err)
{
	struct reading reading = { .sink = sink, .path = options->core };
	int core = -1, program = -1;
	bool ok = open_core(options->core, &core, err) &&
	          (!options->operand_count || open_input(options->operands[0], &program, err)) &&
	          run_gdb(options, &reading, core, program, err);

	if (core >= 0)
		close(core);
	if (program >= 0)
		close(program);
	return ok;
}
