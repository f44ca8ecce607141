#include "cli/sampler/failure_policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/proc/ptrace_access.h"

#define FAILURES_MAX 10 /* samples in a row */
#define ATTACHES_MAX 3  /* in a row, before a sample was taken */

static bool give_up(struct patience *patience, enum error_code code, const char *why)
{
	error_set(&patience->err, code, "process %" PRIu32 ": %s", patience->tally->pid, why);
	tally_fail_rest(patience->tally, why, patience->threads);
	return false;
}

static bool is_exhausted(const struct patience *patience)
{
	const struct tally *tally = patience->tally;

	return tally->in_row >= (tally->taken ? FAILURES_MAX : ATTACHES_MAX);
}

static enum error_code code_of(enum worker_trouble trouble)
{
	static const enum error_code codes[] = {
		[WORKER_TROUBLE_NONE] = ERROR_FAILED,  [WORKER_TROUBLE_NO_PYTHON] = ERROR_GDB,
		[WORKER_TROUBLE_NOT_GDB] = ERROR_GDB,  [WORKER_TROUBLE_STALLED] = ERROR_DEADLINE,
		[WORKER_TROUBLE_OTHER] = ERROR_FAILED,
	};

	return codes[trouble];
}

static bool sample_failed(struct patience *patience, enum error_code code, const char *why,
                          uint64_t now)
{
	target_threads(patience->tally->pid, patience->threads);
	tally_failed(patience->tally, why, patience->threads, now);
	return !is_exhausted(patience) || give_up(patience, code, why);
}

bool patience_error(struct patience *patience, const struct error *err)
{
	patience->err = *err;
	tally_fail_rest(patience->tally, err->text, patience->threads);
	return false;
}

bool patience_target_ended(struct patience *patience)
{
	struct tally *tally = patience->tally;

	patience->threads->count = 0; /* nobody is there to lose a stack */
	if (patience->own && tally->plan->started)
		return false; /* its life is what was asked for */
	if (!tally->taken)
		error_set(&patience->err, ERROR_NO_PROCESS,
		          "process %" PRIu32 " ended before the first sample", tally->pid);
	else
		journal_note(tally->plan->journal, tally->pid,
		             "process %" PRIu32 " ended after %" PRIu64 " samples", tally->pid,
		             tally->taken);
	tally_fail_rest(tally, "the target ended", patience->threads);
	return false;
}

bool patience_worker(struct patience *patience, enum worker_trouble trouble, const char *gdb,
                     const char *why)
{
	char text[1200];

	if (trouble == WORKER_TROUBLE_NOT_GDB) {
		snprintf(text, sizeof(text), "%s is not usable as gdb: %s", gdb, why);
		return give_up(patience, ERROR_GDB, text);
	}
	patience->tally->in_row++;
	return !is_exhausted(patience) || give_up(patience, code_of(trouble), why);
}

bool patience_sample(struct patience *patience, enum worker_trouble trouble, const char *why,
                     uint64_t now)
{
	return sample_failed(patience, code_of(trouble), why, now);
}

/* What the refusal means. false: waiting makes it no better. */
static bool refusal_passes(const struct patience *patience, const char *why, struct error *err)
{
	refusal_attach(patience->tally->pid, why, err);
	return patience->tally->taken ||
	       (err->code != ERROR_PERMISSION && err->code != ERROR_TRACED);
}

bool patience_look(struct patience *patience, const char *why, uint64_t now)
{
	struct error err = { 0 };

	if (!refusal_passes(patience, why, &err))
		return patience_error(patience, &err);
	return sample_failed(patience, err.code, why, now);
}

bool patience_attach(struct patience *patience, const char *why)
{
	struct error err = { 0 };

	if (!refusal_passes(patience, why, &err))
		return patience_error(patience, &err);
	return ++patience->tally->in_row < ATTACHES_MAX || give_up(patience, err.code, err.text);
}
