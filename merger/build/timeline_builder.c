#include "merger/build/timeline_builder.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"

/* Limit of the time of one run. A larger value is an error in the marker. */
#define TIME_MAX ((uint64_t)1000000000 * 1000000)

/* Stopping a thread costs it some microseconds of CPU time, so even a sleeping thread would differ
 * in each sample. Smaller amounts are accumulated until they reach this one. */
#define CPU_LEAST_US 1000

/* By the thread's index in the profile. */
struct thread_cpu {
	uint32_t run; /* the run of cpu_us; 0: unknown */
	uint64_t cpu_us;
};

/* By the target's index in the timeline. */
struct target_time {
	uint32_t run;
	uint64_t us; /* of its last sample */
};

struct timeline_builder {
	struct profile *profile;
	const struct sampling_stats *sampling;
	struct timeline_sample sample; /* the current one */
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
	struct timeline_builder *builder = alloc_zeroed(1, sizeof(*builder));

	profile->timeline = timeline_create(max ? max : TIMELINE_BYTES_MAX);
	builder->profile = profile;
	builder->sampling = sampling;
	builder->run = 1;
	return builder;
}

void timeline_builder_destroy(struct timeline_builder *builder)
{
	free(builder->cpus);
	free(builder->times);
	free(builder);
}

static struct thread_cpu *get_thread_cpu(struct timeline_builder *builder, size_t at)
{
	size_t known = builder->cpu_cap;

	builder->cpus =
	        alloc_grow(builder->cpus, &builder->cpu_cap, at + 1, sizeof(*builder->cpus));
	if (known < builder->cpu_cap)
		memset(builder->cpus + known, 0,
		       (builder->cpu_cap - known) * sizeof(*builder->cpus));
	return &builder->cpus[at];
}

static struct target_time *get_target_time(struct timeline_builder *builder, uint32_t pid)
{
	size_t at = timeline_target(builder->profile->timeline, pid), known = builder->time_cap;

	builder->times =
	        alloc_grow(builder->times, &builder->time_cap, at + 1, sizeof(*builder->times));
	if (known < builder->time_cap)
		memset(builder->times + known, 0,
		       (builder->time_cap - known) * sizeof(*builder->times));
	return &builder->times[at];
}

/* The CPU time of a thread that is not in its target's last sample. It may have existed before, so
 * the time is at most that since that sample. */
static uint64_t limit_new_cpu(const struct timeline_builder *builder, uint32_t pid, uint64_t cpu_us)
{
	struct profile *profile = builder->profile;
	uint64_t most;

	if (!profile_has_target(profile, pid))
		return 0;
	most = sampling_stats_interval(builder->sampling,
	                               (size_t)(profile_target(profile, pid) - profile->targets));
	return cpu_us < most ? cpu_us : most;
}

static void take_cpu(struct timeline_builder *builder, const struct profile_thread *thread,
                     uint64_t cpu_us, struct timeline_entry *entry)
{
	struct thread_cpu *cpu =
	        get_thread_cpu(builder, (size_t)(thread - builder->profile->threads));

	if (cpu->run == builder->run && cpu_us >= cpu->cpu_us) {
		entry->has_cpu = true;
		if (cpu_us - cpu->cpu_us < CPU_LEAST_US)
			return;
		entry->cpu_us = cpu_us - cpu->cpu_us;
	} else {
		entry->cpu_us = limit_new_cpu(builder, thread->pid, cpu_us);
		entry->has_cpu = entry->cpu_us > 0;
	}
	if (entry->cpu_us > TIMELINE_CPU_MAX)
		entry->cpu_us = TIMELINE_CPU_MAX;
	*cpu = (struct thread_cpu){ builder->run, cpu_us };
}

void timeline_builder_stack(struct timeline_builder *builder, const struct profile_thread *thread,
                            const struct stack_thread *facts, const struct timed_stack *stack)
{
	struct timeline *timeline = builder->profile->timeline;
	struct timeline_entry entry = { .state = timeline_state(facts->state) };

	/* The stacks of a failed sample come before its marker. */
	if (!builder->open && !stack->lost) {
		builder->timeless++;
		return;
	}
	if (facts->has_cpu)
		take_cpu(builder, thread, facts->cpu_us, &entry);
	entry.stack = timeline_stack(timeline, builder->profile->tree, stack->leaf, stack->frames,
	                             stack->count, stack->quality);
	timeline_add(timeline, thread->pid, thread->tid, &entry);
}

static void close_timed_sample(struct timeline_builder *builder)
{
	struct timeline *timeline = builder->profile->timeline;

	if (!builder->open) {
		builder->timeless += timeline_drop(timeline);
		return;
	}
	*get_target_time(builder, builder->sample.pid) =
	        (struct target_time){ builder->run, builder->sample.time_us };
	timeline_close(timeline, &builder->sample);
	builder->open = false;
}

static void open_timed_sample(struct timeline_builder *builder, const struct marker *marker,
                              uint64_t time_us)
{
	uint64_t pid = marker_number(marker, "pid", 0);

	builder->open = true;
	builder->sample = (struct timeline_sample){
		.time_us = builder->start_us + (time_us < TIME_MAX ? time_us : 0),
		.pid = pid <= UINT32_MAX ? (uint32_t)pid : 0,
		.late = builder->late,
	};
	builder->late = false;
}

static void fail_timed_sample(struct timeline_builder *builder, const struct marker *marker)
{
	uint64_t rate = builder->profile->sampling.rate_mhz;
	const struct target_time *before;

	if (builder->open) /* its `end` is missing; it has the stacks of the failed sample now */
		close_timed_sample(builder);
	open_timed_sample(builder, marker, marker_number(marker, "time_us", 0));
	builder->sample.failed = true;
	before = get_target_time(builder, builder->sample.pid);
	if (!marker_get(marker, "time_us").ptr && before->run == builder->run)
		builder->sample.time_us = before->us + (rate ? (uint64_t)(1e9 / (double)rate) : 0);
	close_timed_sample(builder);
}

void timeline_builder_on_marker(struct timeline_builder *builder, const struct marker *marker)
{
	switch (marker->verb) {
	case MARKER_RUN:
		close_timed_sample(builder);
		builder->run++;
		builder->start_us = builder->sampling->elapsed_us;
		break;
	case MARKER_LATE:
		builder->late = true;
		break;
	case MARKER_BEGIN:
		close_timed_sample(builder);
		open_timed_sample(builder, marker, marker_number(marker, "time_us", 0));
		break;
	case MARKER_END:
		builder->sample.pause_us = marker_number(marker, "pause_us", 0);
		if (builder->sample.pause_us >= TIME_MAX)
			builder->sample.pause_us = 0;
		close_timed_sample(builder);
		break;
	case MARKER_FAILED:
		fail_timed_sample(builder, marker);
		break;
	default:
		break;
	}
}

void timeline_builder_end_input(struct timeline_builder *builder)
{
	close_timed_sample(builder);
	builder->late = false;
}

static void add_timeline_note(struct timeline_builder *builder, struct buf *text)
{
	profile_note(builder->profile, intern_add_clean(builder->profile->intern, buf_span(text)));
	buf_clear(text);
}

void timeline_builder_finish(struct timeline_builder *builder)
{
	struct profile *profile = builder->profile;
	struct timeline *timeline = profile->timeline;
	struct buf text = { 0 };

	timeline_builder_end_input(builder);
	if (!timeline->sample_count && !timeline->full) {
		timeline_destroy(timeline);
		profile->timeline = NULL;
		return;
	}
	if (builder->timeless) {
		buf_printf(&text,
		           "%" PRIu64 " stacks are outside of samples: the timeline lacks them",
		           builder->timeless);
		add_timeline_note(builder, &text);
	}
	if (timeline->full) {
		buf_printf(&text,
		           "the timeline ends at %.1f s, where it had %zu MB, the most that it "
		           "may have; the tree has all",
		           (double)timeline->full_us / 1e6, timeline->max >> 20);
		add_timeline_note(builder, &text);
	}
	buf_deinit(&text);
}
