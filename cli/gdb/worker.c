#include "cli/gdb/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "cli/os/clock.h"
#include "cli/proc/container.h"
#include "cli/gdb/gdb_process.h"
#include "cli/gdb/worker_output.h"
#include "merger/parse/marker.h"

#define READS_MAX 8 /* at a time: who prints without end may not keep us from the deadlines */

struct worker {
	const struct worker_plan *plan;
	struct gdb_process process;
	enum worker_state state;
	enum worker_trouble trouble;
	struct worker_output text; /* what it says, taken apart */
	char why[512];
	uint64_t entered_us;                   /* when its state began */
	uint64_t deadline, skip_us, forget_us; /* CLOCK_NEVER: none */
	struct attach_values values;
	struct worker_answer answer;
	size_t rung; /* of the ladder */
	int exit;    /* as waitpid has it */
	bool has_held;
};

/* How a gdb is ended: its input is closed first (it then lets the target go by itself); then each
 * step when the one before has not done within TIMEOUT_CLOSE. SIGTERM is none of them (signals.h). */
static const int ladder[] = { 0, SIGHUP, SIGKILL, SIGKILL };
#define BURY_US                                                                                    \
	10000 /* how long a stop may take before threads are looked for that ended in it; then twice as long */
#define REAP_MS 1000 /* a killed one's end is waited for so long */

#define LADDER_LEN (sizeof(ladder) / sizeof(*ladder))

/* The first cause counts. */
static void blame(struct worker *worker, enum worker_trouble trouble, const char *why)
{
	if (worker->trouble)
		return;
	worker->trouble = trouble;
	snprintf(worker->why, sizeof(worker->why), "%s", why);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void begin_end(struct worker *worker)
{
	close_fd(&worker->process.commands);
	worker->rung = 0;
}

/* Its threads run on as the kernel detaches it; what it had sent is undone by restore.h. */
static void kill_now(struct worker *worker)
{
	begin_end(worker);
	for (worker->rung = 0; ladder[worker->rung] != SIGKILL;)
		worker->rung++;
	kill(worker->process.pid, SIGKILL);
}

/* By SIGKILL its process group ends, too: the children on which gdb tries out what ptrace can do stay behind stopped. */
static void send_signal(struct worker *worker, int number)
{
	if (number == SIGKILL)
		kill(-worker->process.pid, SIGKILL);
	kill(worker->process.pid, number); /* before its exec it has no group yet */
}

/* false: there is no harder way. What doesn't end of SIGKILL hangs in the kernel, and nobody can help it. */
static bool climb(struct worker *worker)
{
	if (worker->rung + 1 == LADDER_LEN)
		return false;
	send_signal(worker, ladder[++worker->rung]);
	return true;
}

static bool send_command(struct worker *worker, enum attach_verb verb)
{
	struct buf line = { 0 };
	ssize_t put;
	bool whole;

	attach_mode_command(worker->plan->mode, verb, &worker->values, &line);
	do
		put = write(worker->process.commands, line.ptr, line.len);
	while (put < 0 && errno == EINTR);
	/* A pipe takes these few bytes whole, or its reader has not read for long. Of one that is gone the end explains more. */
	whole = put == (ssize_t)line.len || (put < 0 && errno == EPIPE);
	buf_deinit(&line);
	return whole;
}

static void enter(struct worker *worker, enum worker_state state)
{
	const struct timeouts *deadlines = worker->plan->deadlines;
	const struct worker_state_row *row = worker_state_row(state);
	uint64_t now = clock_now_us();

	worker->state = state;
	worker->entered_us = now;
	worker->deadline = row->deadline ? now + deadlines->us[row->deadline] : CLOCK_NEVER;
	worker->skip_us = row->may_skip && worker->plan->mode->commands[VERB_SKIP_UNSTOPPABLE]
	                          ? now + deadlines->us[TIMEOUT_SKIP]
	                          : CLOCK_NEVER;
	worker->forget_us = row->stops && worker->plan->mode->commands[VERB_FORGET_EXITED]
	                            ? now + BURY_US
	                            : CLOCK_NEVER;
}

/* It does not take commands. */
static void lose(struct worker *worker)
{
	blame(worker, WORKER_TROUBLE_OTHER, "gdb does not read its input");
	begin_end(worker);
	enter(worker, WORKER_ENDING);
}

static void keep_answer(struct worker *worker, enum worker_event event)
{
	worker->answer = (struct worker_answer){
		.ok = event != WORKER_SAYS_ERROR && event != WORKER_SAYS_STOPPED,
		.text = buf_span(&worker->text.sample),
		.pause_us = worker->text.pause_us,
	};
	worker->why[0] = '\0';
	if (!worker->answer.ok)
		snprintf(worker->why, sizeof(worker->why), "%s", worker->text.why);
}

/* Who kills a gdb (the kernel's out-of-memory killer does) says nothing against that gdb. */
static void explain_exit(struct worker *worker)
{
	bool killed = WIFSIGNALED(worker->exit), starting = worker->state == WORKER_STARTING;
	const char *doing = worker_state_row(worker->state)->name;
	char text[sizeof(worker->why)];

	if (killed)
		snprintf(text, sizeof(text), "gdb was killed by signal %d (%s) while %s",
		         WTERMSIG(worker->exit), strsignal(WTERMSIG(worker->exit)), doing);
	else
		snprintf(text, sizeof(text), "gdb ended while %s%s%.200s%s", doing,
		         starting && *worker->text.last ? ": " : "",
		         starting ? worker->text.last : "", starting ? "; check --gdb" : "");
	blame(worker, starting && !killed ? WORKER_TROUBLE_NOT_GDB : WORKER_TROUBLE_OTHER, text);
}

static void explain(struct worker *worker, enum worker_event event)
{
	const struct worker_state_row *row = worker_state_row(worker->state);
	char text[256];

	switch (event) {
	case WORKER_TIMEOUT:
		snprintf(text, sizeof(text), "gdb has not got done with %s within %.3g s",
		         row->name, (double)worker->plan->deadlines->us[row->deadline] / 1e6);
		blame(worker, WORKER_TROUBLE_TIMEOUT, text);
		break;
	case WORKER_OUTPUT_LIMIT:
		blame(worker, WORKER_TROUBLE_OTHER, "gdb printed too much");
		break;
	case WORKER_SAYS_ERROR:
		/* In the start there is nothing that may fail but the agent's loading. */
		blame(worker, WORKER_TROUBLE_NO_PYTHON, worker->text.why);
		break;
	case WORKER_UNSUPPORTED:
		blame(worker, WORKER_TROUBLE_NOT_GDB, worker->text.why);
		break;
	case WORKER_EXITS:
		explain_exit(worker);
		break;
	default:
		blame(worker, WORKER_TROUBLE_OTHER, "gdb answered out of turn");
		break;
	}
}

static void apply(struct worker *worker, enum worker_event event)
{
	struct worker_rule rule = worker_rule(worker->state, event);
	bool ends_badly = rule.action == WORKER_ACT_FAIL || rule.action == WORKER_ACT_FAULT ||
	                  (rule.next == WORKER_FAILED && worker->state != WORKER_FAILED);

	if (ends_badly)
		explain(worker, event);
	if (rule.next == WORKER_DONE && worker->trouble)
		rule.next = WORKER_FAILED;
	switch (rule.action) {
	case WORKER_ACT_CLOSE:
	case WORKER_ACT_FAIL:
	case WORKER_ACT_FAULT:
		begin_end(worker);
		break;
	case WORKER_ACT_ESCALATE:
		if (climb(worker))
			break;
		blame(worker, WORKER_TROUBLE_OTHER, "gdb does not end, not even of SIGKILL");
		rule.next = WORKER_FAILED;
		break;
	case WORKER_ACT_KILL:
		if (worker->state == WORKER_ENDING && ladder[worker->rung] == SIGKILL)
			return;
		kill_now(worker);
		break;
	case WORKER_ACT_KEEP:
		keep_answer(worker, event);
		break;
	case WORKER_ACT_SEND:
	case WORKER_ACT_NONE:
		break;
	}
	if (rule.next != worker->state || rule.action == WORKER_ACT_ESCALATE ||
	    rule.action == WORKER_ACT_KILL)
		enter(worker, rule.next);
	if (rule.action == WORKER_ACT_SEND &&
	    !send_command(worker, worker_state_row(rule.next)->verb))
		lose(worker);
}

static void draw_mark(char *ret, size_t len)
{
	uint64_t nonce = 0;

	if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) != (ssize_t)sizeof(nonce))
		nonce = clock_now_us() * UINT64_C(0x9e3779b97f4a7c15);
	snprintf(ret, len, "~pmp-%016" PRIx64 " ", nonce);
}

struct worker *worker_create(const struct worker_plan *plan, struct error *err)
{
	struct worker *worker = alloc_zeroed(1, sizeof(*worker));

	worker->plan = plan;
	if (!gdb_process_start(plan->gdb, plan->mode->agent, &worker->process, err)) {
		free(worker);
		return NULL;
	}
	if (plan->mode->agent)
		snprintf(worker->text.mark, sizeof(worker->text.mark), "%s", MARKER_PREFIX);
	else
		draw_mark(worker->text.mark, sizeof(worker->text.mark));
	worker->text.agent = plan->mode->agent;
	worker->values = (struct attach_values){
		.pid = plan->pid,
		.instant = plan->instant,
		.locals = plan->locals,
		.started_by_pmp = plan->started_by_pmp,
		.mark = worker->text.mark,
		.other_mounts = container_other_mounts(plan->pid),
		.other_root = container_other_root(plan->pid),
	};
	enter(worker, WORKER_STARTING);
	if (!send_command(worker, VERB_START))
		lose(worker);
	return worker;
}

void worker_destroy(struct worker *worker)
{
	if (!worker)
		return;
	if (!worker_ended(worker)) {
		send_signal(worker, SIGKILL);
		for (int i = 0; i < REAP_MS && !waitpid(worker->process.pid, NULL, WNOHANG); i++)
			usleep(1000);
	}
	close_fd(&worker->process.commands);
	close_fd(&worker->process.text);
	worker_output_deinit(&worker->text);
	free(worker);
}

void worker_ask(struct worker *worker, enum worker_event ask, uint64_t sample, uint64_t epoch_us)
{
	worker->values.sample = sample;
	worker->values.epoch_us = epoch_us;
	worker->answer = (struct worker_answer){ 0 };
	worker_output_begin(&worker->text, worker->plan->pid, sample, epoch_us);
	if (ask == WORKER_ASK_ATTACH || ask == WORKER_ASK_ONE_SHOT)
		worker->has_held = true;
	apply(worker, ask);
}

static void read_text(struct worker *worker)
{
	for (size_t i = 0; i < READS_MAX && worker->process.text >= 0; i++) {
		char *room = buf_reserve(&worker->text.in, 65536);
		ssize_t got = read(worker->process.text, room, 65536);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close_fd(&worker->process.text);
			return;
		}
		if (worker->state == WORKER_ENDING)
			continue; /* whatever it says now, it is too late */
		worker->text.in.len += (size_t)got;
		for (enum worker_event event; worker_output_next(&worker->text, &event);)
			apply(worker, event);
	}
}

/* What it started goes with it; as long as nobody has waited for it, its process group is surely its own. */
static void end_leftovers(struct worker *worker)
{
	siginfo_t info = { .si_pid = 0 };

	if (!waitid(P_PID, (id_t)worker->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	    info.si_pid)
		kill(-worker->process.pid, SIGKILL);
}

static void notice_exit(struct worker *worker)
{
	pid_t ended;

	end_leftovers(worker);

	do
		ended = waitpid(worker->process.pid, &worker->exit, WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (ended == 0)
		return;
	read_text(worker); /* what it said last */
	apply(worker, WORKER_EXITS);
	close_fd(&worker->process.commands);
	close_fd(&worker->process.text);
}

void worker_pump(struct worker *worker, uint64_t now)
{
	if (worker_ended(worker))
		return;
	read_text(worker);
	notice_exit(worker);
	if (worker_ended(worker))
		return;
	if (worker->skip_us <= now) {
		worker->skip_us = now + worker->plan->deadlines->us[TIMEOUT_SKIP];
		worker->values.now_us = now;
		send_command(worker, VERB_SKIP_UNSTOPPABLE);
	}
	if (worker->forget_us <= now) {
		worker->forget_us = now + (now - worker->entered_us);
		send_command(worker, VERB_FORGET_EXITED);
	}
	if (worker->deadline <= now)
		apply(worker, WORKER_TIMEOUT);
}

enum worker_state worker_state(const struct worker *worker)
{
	return worker->state;
}

bool worker_is_slow(const struct worker *worker, uint64_t now)
{
	return now - worker->entered_us >= worker->plan->deadlines->us[TIMEOUT_SKIP];
}

bool worker_ended(const struct worker *worker)
{
	return worker->state == WORKER_DONE || worker->state == WORKER_FAILED;
}

pid_t worker_pid(const struct worker *worker)
{
	return worker->process.pid;
}

int worker_fd(const struct worker *worker)
{
	return worker->process.text;
}

uint64_t worker_deadline(const struct worker *worker)
{
	return clock_sooner(worker->deadline, clock_sooner(worker->skip_us, worker->forget_us));
}

enum worker_trouble worker_trouble(const struct worker *worker)
{
	return worker->trouble;
}

const char *worker_why(const struct worker *worker)
{
	return worker->why;
}

const struct worker_answer *worker_answer(const struct worker *worker)
{
	return &worker->answer;
}

struct buf *worker_notes(struct worker *worker)
{
	return &worker->text.notes;
}

bool worker_take_stop(struct worker *worker, char ret[16])
{
	snprintf(ret, 16, "%s", worker->text.stopped);
	worker->text.stopped[0] = '\0';
	return *ret;
}

bool worker_ever_attached(const struct worker *worker)
{
	return worker->has_held;
}
