#include "merger/build/sampling_stats.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

#define SECONDS_MAX 1e9 /* of one run; more is a marker that lies */

void sampling_stats_deinit(struct sampling_stats *sampling)
{
	pause_stats_deinit(&sampling->pauses);
	free(sampling->targets);
	*sampling = (struct sampling_stats){ 0 };
}

static uint64_t marker_us(const struct marker *marker, const char *key)
{
	uint64_t us = marker_number(marker, key, 0);

	return us < (uint64_t)(SECONDS_MAX * 1e6) ? us : 0;
}

/* NULL for a marker without a pid. */
static struct sampling_stats_target *target_of(struct sampling_stats *sampling,
                                               struct profile *profile, const struct marker *marker)
{
	uint64_t pid = marker_number(marker, "pid", 0);
	size_t known = profile->target_count, at;
	struct profile_target *target;

	if (!pid || pid > UINT32_MAX)
		return NULL;
	target = profile_target(profile, (uint32_t)pid);
	at = (size_t)(target - profile->targets);
	sampling->targets = alloc_grow(sampling->targets, &sampling->target_cap,
	                               profile->target_count, sizeof(*sampling->targets));
	if (known < profile->target_count)
		sampling->targets[at] = (struct sampling_stats_target){ 0 };
	if (!target->host)
		target->host = sampling->host;
	return &sampling->targets[at];
}

static void run_end(struct sampling_stats *sampling)
{
	if (!sampling->stopped) {
		sampling->elapsed_us += sampling->last_us;
		sampling->stopped_us += sampling->run_pauses_us;
	}
	sampling->last_us = 0;
	sampling->run_pauses_us = 0;
}

static void run_start(struct sampling_stats *sampling, struct profile *profile,
                      const struct marker *marker)
{
	struct profile_sampling *ret = &profile->sampling;
	double rate = marker_real(marker, "rate", 0);
	struct buf text = { 0 };

	run_end(sampling);
	sampling->run++;
	sampling->begun = false;
	sampling->stopped = false;
	sampling->samples = marker_number(marker, "samples", 0);
	sampling->host =
	        intern_add_clean(profile->intern, marker_decode(marker_get(marker, "host"), &text));
	if (!ret->started)
		ret->started = intern_add_clean(
		        profile->intern, marker_decode(marker_get(marker, "started"), &text));
	if (!ret->rate_mhz && rate > 0 && rate < 1e9)
		ret->rate_mhz = (uint64_t)(rate * 1000 + 0.5);
	buf_deinit(&text);
}

static void target_plan(struct sampling_stats *sampling, struct sampling_stats_target *target)
{
	if (target->run == sampling->run)
		return; /* told a second time: it has executed another program */
	target->run = sampling->run;
	target->begun = false;
	if (!sampling->begun)
		target->planned += sampling->samples;
}

static void sample_begin(struct sampling_stats *sampling, struct sampling_stats_target *target,
                         const struct marker *marker)
{
	uint64_t us = marker_us(marker, "time_us");

	sampling->begun = true;
	if (us > sampling->last_us)
		sampling->last_us = us;
	if (!target)
		return;
	target_plan(sampling, target);
	target->interval_us = target->begun && us > target->begin_us ? us - target->begin_us : 0;
	if (target->interval_us) {
		sampling->intervals++;
		sampling->intervals_us += us - target->begin_us;
	}
	target->begun = true;
	target->begin_us = us;
}

static void sample_end(struct sampling_stats *sampling, const struct marker *marker)
{
	uint64_t us = marker_us(marker, "pause_us");

	if (!marker_get(marker, "pause_us").ptr)
		return;
	pause_stats_add(&sampling->pauses, us);
	sampling->run_pauses_us += us;
}

/* It comes before the samples, and the run's clock does not count it. */
static void attach(struct sampling_stats *sampling, const struct marker *marker)
{
	uint64_t us = marker_us(marker, "pause_us");

	if (!sampling->attached)
		sampling->first_attach_us = us;
	sampling->attached = true;
	sampling->attach_us += us;
}

static void run_stop(struct sampling_stats *sampling, const struct marker *marker)
{
	double seconds = marker_real(marker, "seconds", 0);

	if (sampling->stopped)
		return;
	sampling->stopped = true;
	if (seconds > 0 && seconds < SECONDS_MAX)
		sampling->elapsed_us += (uint64_t)(seconds * 1e6 + 0.5);
	else
		sampling->elapsed_us += sampling->last_us;
	if (marker_get(marker, "stopped_us").ptr)
		sampling->stopped_us += marker_us(marker, "stopped_us");
	else
		sampling->stopped_us += sampling->run_pauses_us;
}

uint64_t sampling_stats_interval(const struct sampling_stats *sampling, size_t target)
{
	return target < sampling->target_cap ? sampling->targets[target].interval_us : 0;
}

/* Other markers may tell of a process that nobody samples (a note on a child). */
static bool names_target(enum marker_verb verb)
{
	return verb == MARKER_TARGET || verb == MARKER_PYTHON || verb == MARKER_BEGIN ||
	       verb == MARKER_END || verb == MARKER_FAILED;
}

void sampling_stats_on_marker(struct sampling_stats *sampling, struct profile *profile,
                              const struct marker *marker)
{
	struct profile_sampling *ret = &profile->sampling;
	struct sampling_stats_target *target = NULL;

	if (names_target(marker->verb))
		target = target_of(sampling, profile, marker);
	switch (marker->verb) {
	case MARKER_RUN:
		ret->known = true;
		run_start(sampling, profile, marker);
		break;
	case MARKER_TARGET:
		if (target)
			target_plan(sampling, target);
		break;
	case MARKER_ATTACHED:
		attach(sampling, marker);
		break;
	case MARKER_BEGIN:
		ret->known = true;
		sample_begin(sampling, target, marker);
		break;
	case MARKER_END:
		ret->taken++;
		if (target)
			target->done++;
		sample_end(sampling, marker);
		break;
	case MARKER_FAILED:
		ret->known = true;
		ret->failed++;
		if (target)
			target->done++;
		break;
	case MARKER_LATE:
		ret->late++;
		break;
	case MARKER_STOP:
		run_stop(sampling, marker);
		break;
	default:
		break;
	}
}

/* Tenths of a hertz are as much as anybody wants to read, but for slow rates. */
static uint64_t rate_round(double mhz)
{
	return mhz < 1000 ? (uint64_t)(mhz + 0.5) : (uint64_t)(mhz / 100 + 0.5) * 100;
}

void sampling_stats_finish(struct sampling_stats *sampling, struct profile *profile)
{
	struct profile_sampling *ret = &profile->sampling;
	size_t targets = profile->target_count ? profile->target_count : 1;
	uint64_t done = 0;

	run_end(sampling);
	for (size_t i = 0; i < profile->target_count; i++) {
		const struct sampling_stats_target *target = &sampling->targets[i];

		ret->asked += target->planned > target->done ? target->planned : target->done;
		done += target->done;
	}
	ret->asked += ret->taken + ret->failed - done;
	ret->elapsed_ms = (sampling->elapsed_us + 500) / 1000;
	if (sampling->intervals_us)
		ret->achieved_mhz = rate_round((double)sampling->intervals * 1e9 /
		                               (double)sampling->intervals_us);
	else if (sampling->elapsed_us)
		ret->achieved_mhz = rate_round((double)ret->taken * 1e9 /
		                               (double)sampling->elapsed_us / (double)targets);
	if (sampling->elapsed_us) {
		double share = (double)sampling->stopped_us /
		               ((double)sampling->elapsed_us * (double)targets +
		                (double)sampling->attach_us);

		ret->stopped_ppm = share < 1 ? (uint64_t)(share * 1e6 + 0.5) : 1000000;
	}
	ret->pause = pause_stats_sum_up(&sampling->pauses);
	if (sampling->attached)
		ret->pause.first = sampling->first_attach_us;
}
