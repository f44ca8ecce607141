#include "merger/build/sampling_stats.h"

#include <stdlib.h>

#include "merger/base/alloc.h"

#define SECONDS_MAX 1e9 /* of one run; a larger value is an error in the marker */

void sampling_stats_deinit(struct sampling_stats *stats)
{
	pause_stats_deinit(&stats->pauses);
	free(stats->targets);
	*stats = (struct sampling_stats){ 0 };
}

static uint64_t get_us(const struct marker *marker, const char *key)
{
	uint64_t us = marker_number(marker, key, 0);

	return us < (uint64_t)(SECONDS_MAX * 1e6) ? us : 0;
}

/* The marker's target, added if it is new; NULL for a marker without a pid. */
static struct sampling_stats_target *
get_stats_target(struct sampling_stats *stats, struct profile *profile, const struct marker *marker)
{
	uint64_t pid = marker_number(marker, "pid", 0);
	size_t known = profile->target_count, at;
	struct profile_target *target;

	if (!pid || pid > UINT32_MAX)
		return NULL;
	target = profile_target(profile, (uint32_t)pid);
	at = (size_t)(target - profile->targets);
	stats->targets = alloc_grow(stats->targets, &stats->target_cap, profile->target_count,
	                            sizeof(*stats->targets));
	if (known < profile->target_count)
		stats->targets[at] = (struct sampling_stats_target){ 0 };
	if (!target->host)
		target->host = stats->host;
	return &stats->targets[at];
}

static void end_run(struct sampling_stats *stats)
{
	if (!stats->stopped) {
		stats->elapsed_us += stats->last_us;
		stats->stopped_us += stats->run_pauses_us;
	}
	stats->last_us = 0;
	stats->run_pauses_us = 0;
}

static void start_run(struct sampling_stats *stats, struct profile *profile,
                      const struct marker *marker)
{
	struct profile_sampling *ret = &profile->sampling;
	double rate = marker_real(marker, "rate", 0);
	struct buf text = { 0 };

	end_run(stats);
	stats->run++;
	stats->begun = false;
	stats->stopped = false;
	stats->samples = marker_number(marker, "samples", 0);
	stats->host =
	        intern_add_clean(profile->intern, marker_decode(marker_get(marker, "host"), &text));
	if (!ret->started)
		ret->started = intern_add_clean(
		        profile->intern, marker_decode(marker_get(marker, "started"), &text));
	if (!ret->rate_mhz && rate > 0 && rate < 1e9)
		ret->rate_mhz = (uint64_t)(rate * 1000 + 0.5);
	buf_deinit(&text);
}

static void plan_target(struct sampling_stats *stats, struct sampling_stats_target *target)
{
	if (target->run == stats->run)
		return; /* named again: it has executed another program */
	target->run = stats->run;
	target->begun = false;
	if (!stats->begun)
		target->planned += stats->samples;
}

static void begin_stats_sample(struct sampling_stats *stats, struct sampling_stats_target *target,
                               const struct marker *marker)
{
	uint64_t us = get_us(marker, "time_us");

	stats->begun = true;
	if (us > stats->last_us)
		stats->last_us = us;
	if (!target)
		return;
	plan_target(stats, target);
	target->interval_us = target->begun && us > target->begin_us ? us - target->begin_us : 0;
	if (target->interval_us) {
		stats->intervals++;
		stats->intervals_us += us - target->begin_us;
	}
	target->begun = true;
	target->begin_us = us;
}

static void end_stats_sample(struct sampling_stats *stats, const struct marker *marker)
{
	uint64_t us = get_us(marker, "pause_us");

	if (!marker_get(marker, "pause_us").ptr)
		return;
	pause_stats_add(&stats->pauses, us);
	stats->run_pauses_us += us;
}

/* Only in recordings of older versions, before the samples; the run's clock does not count it. */
static void add_attach(struct sampling_stats *stats, const struct marker *marker)
{
	uint64_t us = get_us(marker, "pause_us");

	if (!stats->attached)
		stats->first_attach_us = us;
	stats->attached = true;
	stats->attach_us += us;
}

static void stop_run(struct sampling_stats *stats, const struct marker *marker)
{
	double seconds = marker_real(marker, "seconds", 0);

	if (stats->stopped)
		return;
	stats->stopped = true;
	if (seconds > 0 && seconds < SECONDS_MAX)
		stats->elapsed_us += (uint64_t)(seconds * 1e6 + 0.5);
	else
		stats->elapsed_us += stats->last_us;
	if (marker_get(marker, "stopped_us").ptr)
		stats->stopped_us += get_us(marker, "stopped_us");
	else
		stats->stopped_us += stats->run_pauses_us;
}

uint64_t sampling_stats_interval(const struct sampling_stats *stats, size_t target)
{
	return target < stats->target_cap ? stats->targets[target].interval_us : 0;
}

/* Other markers may be about a process that is not sampled (a note on a child). */
static bool names_target(enum marker_verb verb)
{
	return verb == MARKER_TARGET || verb == MARKER_PYTHON || verb == MARKER_BEGIN ||
	       verb == MARKER_END || verb == MARKER_FAILED;
}

void sampling_stats_on_marker(struct sampling_stats *stats, struct profile *profile,
                              const struct marker *marker)
{
	struct profile_sampling *ret = &profile->sampling;
	struct sampling_stats_target *target = NULL;

	if (names_target(marker->verb))
		target = get_stats_target(stats, profile, marker);
	switch (marker->verb) {
	case MARKER_RUN:
		ret->known = true;
		start_run(stats, profile, marker);
		break;
	case MARKER_TARGET:
		if (target)
			plan_target(stats, target);
		break;
	case MARKER_ATTACHED:
		add_attach(stats, marker);
		break;
	case MARKER_BEGIN:
		ret->known = true;
		begin_stats_sample(stats, target, marker);
		break;
	case MARKER_END:
		ret->taken++;
		if (target)
			target->done++;
		end_stats_sample(stats, marker);
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
		stop_run(stats, marker);
		break;
	default:
		break;
	}
}

/* Rounds to tenths of a hertz; rates below 1 Hz are not rounded. */
static uint64_t round_rate(double mhz)
{
	return mhz < 1000 ? (uint64_t)(mhz + 0.5) : (uint64_t)(mhz / 100 + 0.5) * 100;
}

void sampling_stats_finish(struct sampling_stats *stats, struct profile *profile)
{
	struct profile_sampling *ret = &profile->sampling;
	size_t targets = profile->target_count ? profile->target_count : 1;
	uint64_t done = 0;

	end_run(stats);
	for (size_t i = 0; i < profile->target_count; i++) {
		const struct sampling_stats_target *target = &stats->targets[i];

		ret->asked += target->planned > target->done ? target->planned : target->done;
		done += target->done;
	}
	ret->asked += ret->taken + ret->failed - done;
	ret->elapsed_ms = (stats->elapsed_us + 500) / 1000;
	if (stats->intervals_us)
		ret->achieved_mhz =
		        round_rate((double)stats->intervals * 1e9 / (double)stats->intervals_us);
	else if (stats->elapsed_us)
		ret->achieved_mhz = round_rate((double)ret->taken * 1e9 /
		                               (double)stats->elapsed_us / (double)targets);
	if (stats->elapsed_us) {
		double share =
		        (double)stats->stopped_us /
		        ((double)stats->elapsed_us * (double)targets + (double)stats->attach_us);

		ret->stopped_ppm = share < 1 ? (uint64_t)(share * 1e6 + 0.5) : 1000000;
	}
	ret->pause = pause_stats_sum_up(&stats->pauses);
	if (stats->attached)
		ret->pause.first = stats->first_attach_us;
}
