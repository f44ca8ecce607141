#include "cli/gdb/attach_mode.h"

#include <inttypes.h>

#include "merger/base/buf.h"
#include "merger/base/span.h"

/* gdbscripts/loader.py has the format of the bundle on descriptor 4. */
#define AGENT_START                                                                                \
	"python pmp_source = open(4, \"rb\").read().decode()\n"                                    \
	"python exec(pmp_source.partition(\"\\n#:PMP-BUNDLE\\n\")[0])\n"
#define AGENT_WARM "python pmp(\"warm\", {pid}, {started_by_pmp}, {glue}, {early})\n"
#define AGENT_SAMPLE "python pmp(\"sample\", {pid}, {sample}, {epoch}, {instant})\n"
#define AGENT_DUMP "python pmp(\"dump\", {pid}, {sample}, {epoch}, {locals})\n"

/* Before the attach: gdb sets no breakpoint and writes nothing into the target, and no signal
 * stops the target. gdb loads no thread library of the target's and opens no source file: when
 * it attaches, it would print a line of one. If gdb does not have a setting, it prints an error
 * line, which is ignored. */
#define PLAIN_START                                                                                \
	"set may-insert-breakpoints off\n"                                                         \
	"set may-write-memory off\n"                                                               \
	"set may-write-registers off\n"                                                            \
	"set may-call-functions off\n"                                                             \
	"set may-insert-tracepoints off\n"                                                         \
	"set may-insert-fast-tracepoints off\n"                                                    \
	"set startup-with-shell off\n"                                                             \
	"set libthread-db-search-path $sdir\n"                                                     \
	"set source open off\n"                                                                    \
	"set print frame-info location\n"                                                          \
	"set print frame-arguments none\n"                                                         \
	"set print entry-values no\n"                                                              \
	"set print thread-events off\n"                                                            \
	"set print inferior-events off\n"                                                          \
	"handle all nostop noprint pass\n"                                                         \
	"handle SIGINT SIGTRAP nostop noprint pass\n"                                              \
	"show version\n"                                                                           \
	"echo \\n{prefix}hello\\n\n"

/* gdb resolves the path of each file that it opens. If the target has its own mounts, that path
 * is missing here or names another file. Then {exe} is empty: gdb finds the program when it
 * attaches, and opens it and its libraries inside the target's mounts. */
#define PLAIN_WARM                                                                                 \
	"set sysroot {root}\n"                                                                     \
	"file {exe}\n"                                                                             \
	"echo \\n{prefix}warm\\n\n"

/* The sample is the text between walk and walked: `attach` prints a frame, too. */
#define PLAIN_SAMPLE                                                                               \
	"echo \\n{prefix}sample\\n\n"                                                              \
	"attach {pid}\n"                                                                           \
	"echo \\n{prefix}walk\\n\n"                                                                \
	"thread apply all bt\n"                                                                    \
	"echo \\n{prefix}walked\\n\n"                                                              \
	"detach\n"                                                                                 \
	"echo \\n{prefix}gone\\n\n"

static const struct attach_mode_row rows[] = {
	[ATTACH_SEIZE] = {
		.name = "seize",
		.workers = 1,
		.agent = true,
		.commands = {
			[VERB_START] = AGENT_START,
			[VERB_WARM] = AGENT_WARM,
			[VERB_SAMPLE] = AGENT_SAMPLE,
		},
	},
	/* All threads are stopped together, and the target's locks are read, too. */
	[ATTACH_DUMP] = {
		.name = "dump",
		.workers = 1,
		.agent = true,
		.commands = {
			[VERB_START] = AGENT_START,
			[VERB_WARM] = AGENT_WARM,
			[VERB_SAMPLE] = AGENT_DUMP,
		},
	},
	[ATTACH_PLAIN] = {
		.name = "plain",
		.workers = 2,
		.commands = {
			[VERB_START] = PLAIN_START,
			[VERB_WARM] = PLAIN_WARM,
			[VERB_SAMPLE] = PLAIN_SAMPLE,
		},
	},
};

const struct attach_mode_row *attach_mode_row(enum attach_mode mode)
{
	return &rows[mode];
}

void attach_mode_command(const struct attach_mode_row *row, enum attach_verb verb,
                         const struct attach_values *values, struct buf *out)
{
	struct span rest = span_of(row->commands[verb]);

	buf_clear(out);
	while (rest.len) {
		if (span_take(&rest, SPAN_LIT("{pid}"))) {
			buf_printf(out, "%" PRIu32, values->pid);
		} else if (span_take(&rest, SPAN_LIT("{sample}"))) {
			buf_printf(out, "%" PRIu64, values->sample);
		} else if (span_take(&rest, SPAN_LIT("{epoch}"))) {
			buf_printf(out, "%" PRIu64, values->epoch_us);
		} else if (span_take(&rest, SPAN_LIT("{instant}"))) {
			buf_printf(out, "%d", values->instant);
		} else if (span_take(&rest, SPAN_LIT("{early}"))) {
			buf_printf(out, "%d", values->early);
		} else if (span_take(&rest, SPAN_LIT("{glue}"))) {
			buf_printf(out, "%d", values->glue);
		} else if (span_take(&rest, SPAN_LIT("{locals}"))) {
			buf_printf(out, "%d", values->locals);
		} else if (span_take(&rest, SPAN_LIT("{started_by_pmp}"))) {
			buf_printf(out, "%d", values->started_by_pmp);
		} else if (span_take(&rest, SPAN_LIT("{exe}"))) {
			if (!values->other_mounts)
				buf_printf(out, "/proc/%" PRIu32 "/exe", values->pid);
		} else if (span_take(&rest, SPAN_LIT("{root}"))) {
			if (values->other_root)
				buf_printf(out, "/proc/%" PRIu32 "/root", values->pid);
			else
				buf_add_span(out, SPAN_LIT("target:"));
		} else if (span_take(&rest, SPAN_LIT("{prefix}"))) {
			buf_add_span(out, span_of(values->line_prefix));
		} else {
			buf_add(out, rest.ptr, 1);
			rest = span_skip(rest, 1);
		}
	}
}
