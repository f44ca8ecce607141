/* pmp merge: adds profiles. The main thread reads the inputs and splits them into pieces; other
 * threads (adders) parse them, each into a sum of its own, and at the end these sums are added. The
 * order does not matter (profile_merge.h). */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "merger/base/alloc.h"
#include "merger/formats/format.h"
#include "merger/profile/levels.h"
#include "merger/transform/profile_merge.h"
#include "cli/options/command_table.h"
#include "cli/options/options.h"
#include "cli/commands/profile_input.h"
#include "cli/commands/report.h"
#include "cli/os/terminal.h"

#define ADDERS_MAX 16
#define WAITING_MAX 32 /* pieces that are read, but not parsed yet */

struct piece {
	struct buf text;
	char *name;
	bool continues; /* it continues the profile of the piece before */
};

struct merging {
	const struct options *options;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* under the mutex */
	struct piece waiting[WAITING_MAX];
	size_t count;
	bool ended; /* all inputs are read, or a thread has failed */
};

struct adder {
	struct merging *merging;
	pthread_t thread;
	struct profile_merge merge;
	struct error err;
};

static void free_piece(struct piece *piece)
{
	buf_deinit(&piece->text);
	free(piece->name);
}

/* Waits for a piece. false: there are no more. */
static bool take_piece(struct merging *merging, struct piece *ret)
{
	bool got;

	pthread_mutex_lock(&merging->mutex);
	while (!merging->count && !merging->ended)
		pthread_cond_wait(&merging->changed, &merging->mutex);
	got = merging->count > 0;
	if (got)
		*ret = merging->waiting[--merging->count];
	pthread_cond_broadcast(&merging->changed);
	pthread_mutex_unlock(&merging->mutex);
	return got;
}

static bool put_piece(void *ctx, struct buf *text, const char *name, bool continues,
                      struct error *err)
{
	struct merging *merging = ctx;
	bool ended;

	(void)err;
	pthread_mutex_lock(&merging->mutex);
	while (merging->count == WAITING_MAX && !merging->ended)
		pthread_cond_wait(&merging->changed, &merging->mutex);
	ended = merging->ended;
	if (!ended) {
		merging->waiting[merging->count++] =
		        (struct piece){ *text, alloc_copy(name, strlen(name)), continues };
		*text = (struct buf){ 0 };
	}
	pthread_cond_broadcast(&merging->changed);
	pthread_mutex_unlock(&merging->mutex);
	return !ended;
}

static void end_input(struct merging *merging)
{
	pthread_mutex_lock(&merging->mutex);
	merging->ended = true;
	pthread_cond_broadcast(&merging->changed);
	pthread_mutex_unlock(&merging->mutex);
}

static bool add_piece(struct adder *adder, const struct piece *piece)
{
	struct profile *profile = format_read(buf_span(&piece->text), piece->name, &adder->err);
	bool ok = profile && report_apply_filters_named(adder->merging->options, profile,
	                                                piece->name, &adder->err);

	if (ok && piece->continues)
		profile->runs = 0;
	ok = ok && profile_merge_add(&adder->merge, profile, piece->name, &adder->err);
	profile_destroy(profile);
	return ok;
}

static void *run_adder(void *ctx)
{
	struct adder *adder = ctx;
	struct piece piece;
	bool ok = true;

	while (take_piece(adder->merging, &piece)) {
		ok = ok && add_piece(adder, &piece);
		if (!ok)
			end_input(adder->merging);
		free_piece(&piece);
	}
	return NULL;
}

static size_t count_adders(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return count > ADDERS_MAX ? ADDERS_MAX : (size_t)count;
}

static bool read_inputs(struct merging *merging, struct error *err)
{
	const struct options *options = merging->options;

	if (!options->operand_count)
		return profile_input_read("-", put_piece, merging, err);
	for (size_t i = 0; i < options->operand_count; i++)
		if (!profile_input_read(options->operands[i], put_piece, merging, err))
			return false;
	return true;
}

/* Adds the sums of all adders to the first one's. */
static bool add_parts(struct adder *adders, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (adders[i].err.code)
			return error_set(err, adders[i].err.code, "%s", adders[i].err.text);
	for (size_t i = 1; i < count; i++) {
		struct profile *part = profile_merge_finish(&adders[i].merge);
		bool ok = !part ||
		          profile_merge_add(&adders[0].merge, part, "the rest of the inputs", err);

		profile_destroy(part);
		if (!ok)
			return false;
	}
	return true;
}

/* NULL: *err; an input cannot be read or added. */
static struct profile *merge_inputs(const struct options *options, struct error *err)
{
	struct merging merging = { .options = options,
		                   .mutex = PTHREAD_MUTEX_INITIALIZER,
		                   .changed = PTHREAD_COND_INITIALIZER };
	struct adder adders[ADDERS_MAX] = { 0 };
	struct profile *sum = NULL;
	size_t count = count_adders(), begun = 0;
	bool ok;

	for (; begun < count; begun++) {
		adders[begun] =
		        (struct adder){ .merging = &merging, .merge.levels = options->levels };
		if (pthread_create(&adders[begun].thread, NULL, run_adder, &adders[begun]))
			break;
	}
	ok = begun ? read_inputs(&merging, err)
	           : error_set(err, ERROR_FAILED, "cannot start a thread to read profiles");
	end_input(&merging);
	for (size_t i = 0; i < begun; i++)
		pthread_join(adders[i].thread, NULL);
	/* If an adder failed, its error is the one to report: the reading ended because of it. */
	if (add_parts(adders, begun, err) && ok)
		sum = profile_merge_finish(&adders[0].merge);
	for (size_t i = 0; i < begun; i++)
		profile_merge_deinit(&adders[i].merge);
	while (merging.count)
		free_piece(&merging.waiting[--merging.count]);
	return sum;
}

bool cmd_merge(const struct options *options, struct error *err)
{
	struct profile *sum;
	bool ok;

	if (!report_check(options, err))
		return false;
	if (!options->operand_count && terminal_is_tty(stdin) && !options->quiet)
		fputs("pmp: reading profiles from the terminal; Ctrl-D ends it\n", stderr);
	sum = merge_inputs(options, err);
	ok = sum && report_profile(options, sum, err);
	profile_destroy(sum);
	return ok;
}
