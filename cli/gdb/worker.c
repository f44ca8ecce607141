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

/* Reads in one worker_pump: a gdb that prints without end must not keep pmp from its deadlines. */
#define READS_MAX 8

struct worker {
	const struct worker_plan *plan;
	struct gdb_process process;
	enum worker_state state;
	enum worker_trouble trouble;
	struct worker_output output;
	char why[512];
	uint64_t entered_us; /* when the state began */
	uint64_t deadline;   /* CLOCK_NEVER: none */
	struct attach_values values;
	struct worker_answer answer;
	size_t kill_step; /* of kill_signals */
	int exit_status;  /* of waitpid */
	bool ever_sampled;
};

/* How a gdb is ended. Step 0 closes its input: gdb then detaches and exits. Each further step
 * sends its signal if gdb has not ended within TIMEOUT_CLOSE of the step before. Why SIGTERM is
 * not among them: signals_child in signals.h. */
static const int kill_signals[] = { 0, SIGHUP, SIGKILL, SIGKILL };
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

/* The kernel detaches gdb, and the target continues; restore.h undoes the stop signals that gdb
 * had sent. */
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

static void enter_state(struct worker *worker, enum worker_state state)
{
	const struct timeouts *timeouts = worker->plan->timeouts;
	const struct worker_state_row *row = worker_state_row(state);
	uint64_t now = clock_now_us();

	worker->state = state;
	worker->entered_us = now;
	worker->deadline = row->timeout ? now + timeouts->us[row->timeout] : CLOCK_NEVER;
}

static void fail_input(struct worker *worker)
{
	set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb does not read its input");
	begin_end(worker);
	enter_state(worker, WORKER_ENDING);
}

static void keep_answer(struct worker *worker, enum worker_event event)
{
	worker->answer = (struct worker_answer){
		.ok = event != WORKER_SAYS_ERROR,
		.text = buf_span(&worker->output.sample),
		.pause_us = worker->output.pause_us,
	};
	worker->why[0] = '\0';
	if (!worker->answer.ok)
		snprintf(worker->why, sizeof(worker->why), "%s", worker->output.why);
}

/* A gdb that was killed while it started (by the out-of-memory killer, for example) may still be
 * usable. */
static void explain_exit(struct worker *worker)
{
	bool killed = WIFSIGNALED(worker->exit_status), starting = worker->state == WORKER_STARTING;
	const char *state = worker_state_row(worker->state)->name;
	char text[sizeof(worker->why)];

	if (killed)
		snprintf(text, sizeof(text), "gdb was killed by signal %d (%s) while %s",
		         WTERMSIG(worker->exit_status), strsignal(WTERMSIG(worker->exit_status)),
		         state);
	else
		snprintf(text, sizeof(text), "gdb ended while %s%s%.200s%s", state,
		         starting && *worker->output.last_line ? ": " : "",
		         starting ? worker->output.last_line : "", starting ? "; check --gdb" : "");
	set_trouble(worker, starting && !killed ? WORKER_TROUBLE_NOT_GDB : WORKER_TROUBLE_OTHER,
	            text);
}

static void explain(struct worker *worker, enum worker_event event)
{
	const struct worker_state_row *row = worker_state_row(worker->state);
	char text[256];

	switch (event) {
	case WORKER_TIMEOUT:
		snprintf(text, sizeof(text), "gdb did not finish %s within %.3g s", row->name,
		         (double)worker->plan->timeouts->us[row->timeout] / 1e6);
		set_trouble(worker, WORKER_TROUBLE_TIMEOUT, text);
		break;
	case WORKER_OUTPUT_LIMIT:
		set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb printed too much");
		break;
	case WORKER_SAYS_ERROR:
		/* WORKER_STARTING: the one command that can fail loads the agent. */
		set_trouble(worker, WORKER_TROUBLE_NO_PYTHON, worker->output.why);
		break;
	case WORKER_UNSUPPORTED:
		set_trouble(worker, WORKER_TROUBLE_NOT_GDB, worker->output.why);
		break;
	case WORKER_EXITS:
		explain_exit(worker);
		break;
	default:
		set_trouble(worker, WORKER_TROUBLE_OTHER, "gdb answered out of turn");
		break;
	}
}

static void apply_event(struct worker *worker, enum worker_event event)
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
		set_trouble(worker, WORKER_TROUBLE_OTHER,
		            "gdb does not end, not even after SIGKILL");
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
		enter_state(worker, rule.next);
	if (rule.action == WORKER_ACT_SEND &&
	    !send_command(worker, worker_state_row(rule.next)->verb))
		fail_input(worker);
}

static void draw_line_prefix(char *ret, size_t len)
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
		snprintf(worker->output.line_prefix, sizeof(worker->output.line_prefix), "%s",
		         MARKER_PREFIX);
	else
		draw_line_prefix(worker->output.line_prefix, sizeof(worker->output.line_prefix));
	worker->output.agent = plan->mode->agent;
	worker->values = (struct attach_values){
		.pid = plan->pid,
		.instant = plan->instant,
		.glue = plan->glue,
		.early = plan->early,
		.locals = plan->locals,
		.started_by_pmp = plan->started_by_pmp,
		.line_prefix = worker->output.line_prefix,
		.other_mounts = container_has_other_mounts(plan->pid),
		.other_root = container_has_other_root(plan->pid),
	};
	enter_state(worker, WORKER_STARTING);
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
	worker_output_deinit(&worker->output);
	free(worker);
}

void worker_ask(struct worker *worker, enum worker_event ask, uint64_t sample, uint64_t epoch_us)
{
	worker->values.sample = sample;
	worker->values.epoch_us = epoch_us;
	worker->answer = (struct worker_answer){ 0 };
	worker_output_begin(&worker->output, worker->plan->pid, sample, epoch_us);
	if (ask == WORKER_ASK_SAMPLE)
		worker->ever_sampled = true;
	apply_event(worker, ask);
}

static void read_output(struct worker *worker)
{
	for (size_t i = 0; i < READS_MAX && worker->process.text >= 0; i++) {
		if (gdb_process_read(&worker->process, &worker->output.in) != GDB_PROCESS_READ)
			return;
		if (worker->state == WORKER_ENDING) {
			buf_clear(&worker->output.in); /* no answer counts any more */
			continue;
		}
		for (enum worker_event event; worker_output_next(&worker->output, &event);)
			apply_event(worker, event);
	}
}

static void notice_exit(struct worker *worker)
{
	if (!gdb_process_reap(&worker->process, &worker->exit_status))
		return;
	read_output(worker); /* its last lines */
	apply_event(worker, WORKER_EXITS);
	gdb_process_close(&worker->process);
}

void worker_pump(struct worker *worker, uint64_t now)
{
	if (worker_ended(worker))
		return;
	read_output(worker);
	notice_exit(worker);
	if (worker_ended(worker))
		return;
	if (worker->deadline <= now)
		apply_event(worker, WORKER_TIMEOUT);
}

enum worker_state worker_state(const struct worker *worker)
{
	return worker->state;
}

bool worker_is_slow(const struct worker *worker, uint64_t now)
{
	return now - worker->entered_us >= worker->plan->timeouts->us[TIMEOUT_HURRY];
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
	return worker->deadline;
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
	return &worker->output.notes;
}

bool worker_ever_sampled(const struct worker *worker)
{
	return worker->ever_sampled;
}

const char *worker_no_seize(const struct worker *worker)
{
	return worker->output.no_seize;
}
