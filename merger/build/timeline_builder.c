#include "merger/build/timeline_builder.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"

#define TIME_MAX ((uint64_t)1000000000 * 1000000) /* of one run; more is a marker that lies */

/* To be stopped and to go on costs a thread some CPU time, so that in no sample a sleeping one would be as
 * it was. Less than this is not told before it has become more. */
#define CPU_LEAST_US 1000

/* Side by side with the profile's threads. */
struct thread_cpu {
	uint32_t run; /* in which cpu_us was told; 0: it was not */
	uint64_t cpu_us;
};

/* Side by side with the timeline's targets. */
struct target_time {
	uint32_t run;
	uint64_t us; /* of its last sample */
};

struct timeline_builder {
	struct profile *profile;
	const struct sampling_stats *sampling;
	struct timeline_sample sample; /* the one that is being read */
	bool open, late;
	uint64_t start_us; /* of this run */
	uint32_t run;      /* from 1 */
	uint64_t timeless; /* stacks outside of samples */
	struct thread_cpu *cpus;
	size_t cpu_cap;
	struct target_time *times;
	size_t time_cap;
};

struct timeline_builder *timeline_builder_create(struct profile *profile,
                                                 const struct sampling_stats *sampling, size_t max)
{
	struct timeline_builder *keeper = alloc_zeroed(1, sizeof(*keeper));

	profile->timeline = timeline_create(max ? max : TIMELINE_BYTES_MAX);
	keeper->profile = profile;
	keeper->sampling = sampling;
	keeper->run = 1;
	return keeper;
}

void timeline_builder_destroy(struct timeline_builder *keeper)
{
	free(keeper->cpus);
	free(keeper->times);
	free(keeper);
}

static struct thread_cpu *thread_cpu(struct timeline_builder *keeper, size_t at)
{
	size_t known = keeper->cpu_cap;

	keeper->cpus = alloc_grow(keeper->cpus, &keeper->cpu_cap, at + 1, sizeof(*keeper->cpus));
	if (known < keeper->cpu_cap)
		memset(keeper->cpus + known, 0, (keeper->cpu_cap - known) * sizeof(*keeper->cpus));
	return &keeper->cpus[at];
}

static struct target_time *target_time(struct timeline_builder *keeper, uint32_t pid)
{
	size_t at = timeline_target(keeper->profile->timeline, pid), known = keeper->time_cap;

	keeper->times =
	        alloc_grow(keeper->times, &keeper->time_cap, at + 1, sizeof(*keeper->times));
	if (known < keeper->time_cap)
		memset(keeper->times + known, 0,
		       (keeper->time_cap - known) * sizeof(*keeper->times));
	return &keeper->times[at];
}

/* Of a thread that is new since its target's last sample: it may be one that was overlooked. */
static uint64_t new_thread_cpu(const struct timeline_builder *keeper, uint32_t pid, uint64_t cpu_us)
{
	struct profile *profile = keeper->profile;
	uint64_t most;

	if (!profile_has_target(profile, pid))
		return 0;
	most = sampling_stats_interval(keeper->sampling,
	                               (size_t)(profile_target(profile, pid) - profile->targets));
	return cpu_us < most ? cpu_us : most;
}

static void cpu_take(struct timeline_builder *keeper, const struct profile_thread *thread,
                     uint64_t cpu_us, struct timeline_entry *entry)
{
	struct thread_cpu *cpu = thread_cpu(keeper, (size_t)(thread - keeper->profile->threads));

	if (cpu->run == keeper->run && cpu_us >= cpu->cpu_us) {
		entry->has_cpu = true;
		if (cpu_us - cpu->cpu_us < CPU_LEAST_US)
			return;
		entry->cpu_us = cpu_us - cpu->cpu_us;
	} else {
		entry->cpu_us = new_thread_cpu(keeper, thread->pid, cpu_us);
		entry->has_cpu = entry->cpu_us > 0;
	}
	if (entry->cpu_us > TIMELINE_CPU_MAX)
		entry->cpu_us = TIMELINE_CPU_MAX;
	*cpu = (struct thread_cpu){ keeper->run, cpu_us };
}

void timeline_builder_stack(struct timeline_builder *keeper, const struct profile_thread *thread,
                            const struct stack_thread *told, const struct timed_stack *stack)
{
	struct timeline *timeline = keeper->profile->timeline;
	struct timeline_entry entry = { .state = timeline_state(told->state) };

	/* A failed sample's stacks come before its marker does. */
	if (!keeper->open && !stack->lost) {
		keeper->timeless++;
		return;
	}
	if (told->has_cpu)
		cpu_take(keeper, thread, told->cpu_us, &entry);
	entry.stack = timeline_stack(timeline, keeper->profile->tree, stack->leaf, stack->frames,
	                             stack->count, stack->mark);
	timeline_add(timeline, thread->pid, thread->tid, &entry);
}

static void close_sample(struct timeline_builder *keeper)
{
	struct timeline *timeline = keeper->profile->timeline;

	if (!keeper->open) {
		keeper->timeless += timeline_drop(timeline);
		return;
	}
	*target_time(keeper, keeper->sample.pid) =
	        (struct target_time){ keeper->run, keeper->sample.time_us };
	timeline_close(timeline, &keeper->sample);
	keeper->open = false;
}

static void open_sample(struct timeline_builder *keeper, const struct marker *marker,
                        uint64_t time_us)
{
	uint64_t pid = marker_number(marker, "pid", 0);

	keeper->open = true;
	keeper->sample = (struct timeline_sample){
		.time_us = keeper->start_us + (time_us < TIME_MAX ? time_us : 0),
		.pid = pid <= UINT32_MAX ? (uint32_t)pid : 0,
		.late = keeper->late,
	};
	keeper->late = false;
}

static void fail_sample(struct timeline_builder *keeper, const struct marker *marker)
{
	uint64_t rate = keeper->profile->sampling.rate_mhz;
	const struct target_time *before;

	if (keeper->open) /* it lacks its end; the failed one's stacks are among its own now */
		close_sample(keeper);
	open_sample(keeper, marker, marker_number(marker, "time_us", 0));
	keeper->sample.failed = true;
	before = target_time(keeper, keeper->sample.pid);
	if (!marker_get(marker, "time_us").ptr && before->run == keeper->run)
		keeper->sample.time_us = before->us + (rate ? (uint64_t)(1e9 / (double)rate) : 0);
	close_sample(keeper);
}

void timeline_builder_on_marker(struct timeline_builder *keeper, const struct marker *marker)
{
	switch (marker->verb) {
	case MARKER_RUN:
		close_sample(keeper);
		keeper->run++;
		keeper->start_us = keeper->sampling->elapsed_us;
		break;
	case MARKER_LATE:
		keeper->late = true;
		break;
	case MARKER_BEGIN:
		close_sample(keeper);
		open_sample(keeper, marker, marker_number(marker, "time_us", 0));
		break;
	case MARKER_END:
		keeper->sample.pause_us = marker_number(marker, "pause_us", 0);
		if (keeper->sample.pause_us >= TIME_MAX)
			keeper->sample.pause_us = 0;
		close_sample(keeper);
		break;
	case MARKER_FAILED:
		fail_sample(keeper, marker);
		break;
	default:
		break;
	}
}

void timeline_builder_end_input(struct timeline_builder *keeper)
{
	close_sample(keeper);
	keeper->late = false;
}

static void note(struct timeline_builder *keeper, struct buf *text)
{
	profile_note(keeper->profile, intern_add_clean(keeper->profile->intern, buf_span(text)));
	buf_clear(text);
}

void timeline_builder_finish(struct timeline_builder *keeper)
{
	struct profile *profile = keeper->profile;
	struct timeline *timeline = profile->timeline;
	struct buf text = { 0 };

	timeline_builder_end_input(keeper);
	if (!timeline->sample_count && !timeline->full) {
		timeline_destroy(timeline);
		profile->timeline = NULL;
		return;
	}
	if (keeper->timeless) {
		buf_printf(&text,
		           "%" PRIu64 " stacks are outside of samples: the timeline lacks them",
		           keeper->timeless);
		note(keeper, &text);
	}
	if (timeline->full) {
		buf_printf(&text,
		           "the timeline ends at %.1f s, where it had %zu MB, the most that it "
		           "may have; the tree has all",
		           (double)timeline->full_us / 1e6, timeline->max >> 20);
		note(keeper, &text);
	}
	buf_deinit(&text);
}
