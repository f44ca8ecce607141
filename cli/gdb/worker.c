#include "cli/gdb/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

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
	size_t kill_step; /* of kill_signals */
	int exit_status;  /* of waitpid */
	bool has_held;
};

/* How a gdb is ended: its input is closed first (it then detaches by itself); then each signal when the step
 * before has not worked within TIMEOUT_CLOSE. SIGTERM is none of them (signals.h). */
static const int kill_signals[] = { 0, SIGHUP, SIGKILL, SIGKILL };
#define BURY_US                                                                                    \
	10000 /* how long a stop may take before threads are looked for that ended in it; then twice as long */

#define KILL_STEPS (sizeof(kill_signals) / sizeof(*kill_signals))

/* The first cause counts. */
static void set_trouble(struct worker *worker, enum worker_trouble trouble, const char *why)
{
	if (worker->trouble)
		return;
	worker->trouble = trouble;
	snprintf(worker->why, sizeof(worker->why), "%s", why);
}

static void begin_end(struct worker *worker)
{
	gdb_process_close_commands(&worker->process);
	worker->kill_step = 0;
}

/* The kernel detaches it, and the target's threads run on; restore.h takes back the signals that gdb had sent. */
static void kill_now(struct worker *worker)
{
	begin_end(worker);
	while (kill_signals[worker->kill_step] != SIGKILL)
		worker->kill_step++;
	gdb_process_signal(&worker->process, SIGKILL);
}

/* false: there is no further step. A gdb that SIGKILL does not end hangs in the kernel. */
static bool escalate(struct worker *worker)
{
	if (worker->kill_step + 1 == KILL_STEPS)
		return false;
	gdb_process_signal(&worker->process, kill_signals[++worker->kill_step]);
	return true;
}

static bool send_command(struct worker *worker, enum attach_verb verb)
{
	struct buf commands = { 0 };
	bool ok;

	attach_mode_command(worker->plan->mode, verb, &worker->values, &commands);
	ok = gdb_process_send(&worker->process, buf_span(&commands));
	buf_deinit(&commands);
	return ok;
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
static void fail_input(struct worker *worker)
{
	set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb does not read its input");
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
	bool killed = WIFSIGNALED(worker->exit_status), starting = worker->state == WORKER_STARTING;
	const char *doing = worker_state_row(worker->state)->name;
	char text[sizeof(worker->why)];

	if (killed)
		snprintf(text, sizeof(text), "gdb was killed by signal %d (%s) while %s",
		         WTERMSIG(worker->exit_status), strsignal(WTERMSIG(worker->exit_status)),
		         doing);
	else
		snprintf(text, sizeof(text), "gdb ended while %s%s%.200s%s", doing,
		         starting && *worker->text.last ? ": " : "",
		         starting ? worker->text.last : "", starting ? "; check --gdb" : "");
	set_trouble(worker, starting && !killed ? WORKER_TROUBLE_NOT_GDB : WORKER_TROUBLE_OTHER,
	            text);
}

static void explain(struct worker *worker, enum worker_event event)
{
	const struct worker_state_row *row = worker_state_row(worker->state);
	char text[256];

	switch (event) {
	case WORKER_TIMEOUT:
		snprintf(text, sizeof(text), "gdb has not got done with %s within %.3g s",
		         row->name, (double)worker->plan->deadlines->us[row->deadline] / 1e6);
		set_trouble(worker, WORKER_TROUBLE_TIMEOUT, text);
		break;
	case WORKER_OUTPUT_LIMIT:
		set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb printed too much");
		break;
	case WORKER_SAYS_ERROR:
		/* In the start there is nothing that may fail but the agent's loading. */
		set_trouble(worker, WORKER_TROUBLE_NO_PYTHON, worker->text.why);
		break;
	case WORKER_UNSUPPORTED:
		set_trouble(worker, WORKER_TROUBLE_NOT_GDB, worker->text.why);
		break;
	case WORKER_EXITS:
		explain_exit(worker);
		break;
	default:
		set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb answered out of turn");
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
		if (escalate(worker))
			break;
		set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb does not end, not even of SIGKILL");
		rule.next = WORKER_FAILED;
		break;
	case WORKER_ACT_KILL:
		if (worker->state == WORKER_ENDING && kill_signals[worker->kill_step] == SIGKILL)
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
		fail_input(worker);
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
		fail_input(worker);
	return worker;
}

void worker_destroy(struct worker *worker)
{
	if (!worker)
		return;
	if (worker_ended(worker))
		gdb_process_close(&worker->process);
	else
		gdb_process_end(&worker->process);
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
		if (gdb_process_read(&worker->process, &worker->text.in) != GDB_PROCESS_READ)
			return;
		if (worker->state == WORKER_ENDING) {
			buf_clear(&worker->text.in); /* no answer counts any more */
			continue;
		}
		for (enum worker_event event; worker_output_next(&worker->text, &event);)
			apply(worker, event);
	}
}

static void notice_exit(struct worker *worker)
{
	if (!gdb_process_reap(&worker->process, &worker->exit_status))
		return;
	read_text(worker); /* its last lines */
	apply(worker, WORKER_EXITS);
	gdb_process_close(&worker->process);
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
