#include "cli/sampler/failure_policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/proc/ptrace_access.h"

#define FAILURES_MAX 10 /* in a row, after a sample was taken */
#define ATTACHES_MAX 3  /* in a row, before a sample was taken */

static bool give_up(struct failure_policy *policy, enum error_code code, const char *why)
{
	error_set(&policy->err, code, "process %" PRIu32 ": %s", policy->counter->pid, why);
	sample_counter_fail_remaining(policy->counter, why, policy->threads);
	return false;
}

static bool is_exhausted(const struct failure_policy *policy)
{
	const struct sample_counter *counter = policy->counter;

	return counter->in_row >= (counter->taken ? FAILURES_MAX : ATTACHES_MAX);
}

static enum error_code find_code(enum worker_trouble trouble)
{
	static const enum error_code codes[] = {
		[WORKER_TROUBLE_NONE] = ERROR_FAILED,  [WORKER_TROUBLE_NO_PYTHON] = ERROR_GDB,
		[WORKER_TROUBLE_NOT_GDB] = ERROR_GDB,  [WORKER_TROUBLE_TIMEOUT] = ERROR_TIMEOUT,
		[WORKER_TROUBLE_OTHER] = ERROR_FAILED,
	};

	return codes[trouble];
}

static bool fail_sample(struct failure_policy *policy, enum error_code code, const char *why,
                        uint64_t now)
{
	process_threads(policy->counter->pid, policy->threads);
	sample_counter_failed(policy->counter, why, policy->threads, now);
	return !is_exhausted(policy) || give_up(policy, code, why);
}

bool failure_policy_on_fatal_error(struct failure_policy *policy, const struct error *err)
{
	policy->err = *err;
	sample_counter_fail_remaining(policy->counter, err->text, policy->threads);
	return false;
}

bool failure_policy_on_target_end(struct failure_policy *policy)
{
	struct sample_counter *counter = policy->counter;

	policy->threads->count = 0; /* no thread is left whose stack could be missing */
	if (policy->started_by_pmp && counter->plan->started)
		return false; /* the samples of its whole life were asked for */
	if (!counter->taken)
		error_set(&policy->err, ERROR_NO_PROCESS,
		          "process %" PRIu32 " ended before the first sample", counter->pid);
	else
		recorder_note(counter->plan->recorder, counter->pid,
		              "process %" PRIu32 " ended after %" PRIu64 " samples", counter->pid,
		              counter->taken);
	sample_counter_fail_remaining(counter, "the target ended", policy->threads);
	return false;
}

bool failure_policy_on_dead_worker(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *gdb, const char *why)
{
	char text[1200];

	if (trouble == WORKER_TROUBLE_NOT_GDB) {
		snprintf(text, sizeof(text), "%s is not usable as gdb: %s", gdb, why);
		return give_up(policy, ERROR_GDB, text);
	}
	policy->counter->in_row++;
	return !is_exhausted(policy) || give_up(policy, find_code(trouble), why);
}

bool failure_policy_on_lost_sample(struct failure_policy *policy, enum worker_trouble trouble,
                                   const char *why, uint64_t now)
{
	return fail_sample(policy, find_code(trouble), why, now);
}

/* Fills *err with the reason for a refusal. true: a later attempt may succeed. */
static bool explain_refusal(const struct failure_policy *policy, const char *why, struct error *err)
{
	ptrace_access_attach(policy->counter->pid, why, err);
	return policy->counter->taken ||
	       (err->code != ERROR_PERMISSION && err->code != ERROR_TRACED);
}

bool failure_policy_on_refused_sample(struct failure_policy *policy, const char *why, uint64_t now)
{
	struct error err = { 0 };

	if (!explain_refusal(policy, why, &err))
		return failure_policy_on_fatal_error(policy, &err);
	return fail_sample(policy, err.code, why, now);
}
