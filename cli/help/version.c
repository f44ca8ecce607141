#include "cli/help/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gdb/gdb_process.h"
#include "cli/os/clock.h"
#include "cli/os/output_file.h"
#include "merger/base/escape.h"
#include "merger/base/printable.h"

#define TIMEOUT_S 10
#define PYTHON_PREFIX "~python "
/* A gdb without Python prints an error for the second line. */
#define QUESTION                                                                                   \
	"show version\n"                                                                           \
	"python import sys; print('" PYTHON_PREFIX "%d.%d.%d' % sys.version_info[:3])\n"           \
	"quit\n"

/* Escaped text of gdb's lines; empty if there was no such line. */
struct gdb_version {
	struct buf gdb, python, not_run;
};

static bool take_version_line(void *ctx, struct span line)
{
	struct gdb_version *version = ctx;

	if (!version->gdb.len && span_starts(line, SPAN_LIT("GNU gdb")))
		escape_add(&version->gdb, line);
	else if (!version->python.len && span_take(&line, SPAN_LIT(PYTHON_PREFIX)))
		escape_add(&version->python, line);
	else if (span_take(&line, SPAN_LIT(GDB_PROCESS_NOT_RUN)))
		escape_add(&version->not_run, line);
	return !version->gdb.len || !version->python.len;
}

static void print_not_run(const char *gdb, struct span why)
{
	struct printable gdb_text;

	printf("gdb: cannot run %s: %.*s; install gdb, or name one with --gdb PATH\n",
	       printable_name(&gdb_text, gdb), SPAN_ARG(why));
}

static void print_version(const char *gdb, const struct gdb_version *version)
{
	struct printable gdb_text;

	if (version->not_run.len) {
		print_not_run(gdb, buf_span(&version->not_run));
		return;
	}
	if (!version->gdb.len) {
		printf("gdb: %s does not say that it is gdb; name another with --gdb PATH\n",
		       printable_name(&gdb_text, gdb));
		return;
	}
	printf("gdb: %.*s\n", SPAN_ARG(buf_span(&version->gdb)));
	if (version->python.len)
		printf("gdb's Python: %.*s\n", SPAN_ARG(buf_span(&version->python)));
	else
		puts("gdb's Python: none that works; pmp then samples with --attach plain");
}

static void ask_version(const char *gdb, struct gdb_process *process)
{
	struct gdb_version version = { 0 };
	struct printable gdb_text;
	uint64_t deadline = clock_now_us() + TIMEOUT_S * UINT64_C(1000000);

	if (gdb_process_ask(process, SPAN_LIT(QUESTION), deadline, take_version_line, &version) ==
	    GDB_PROCESS_TIMEOUT)
		printf("gdb: %s gave no answer within %d s\n", printable_name(&gdb_text, gdb),
		       TIMEOUT_S);
	else
		print_version(gdb, &version);
	buf_deinit(&version.gdb);
	buf_deinit(&version.python);
	buf_deinit(&version.not_run);
}

bool version_print(const struct options *options, struct error *err)
{
	const char *gdb = options->gdb ? options->gdb : "gdb";
	struct error not_found = { 0 };
	struct gdb_process process;
	char *path;

	printf("pmp %s\n", PMP_VERSION);
	path = gdb_process_find(options->gdb, &not_found);
	if (path && gdb_process_start(path, false, &process, &not_found)) {
		ask_version(gdb, &process);
		gdb_process_end(&process);
	} else {
		print_not_run(gdb, span_of(strerror(errno)));
	}
	free(path);
	return output_file_finish_stdout(err);
}
