/* profile: a weighted call tree with what was asked, what was got and what was lost. What a YAML
 * profile holds, and all that writers see. Numbers are kept as they are written (microseconds,
 * millionths), so that a profile read again prints the same bytes. */
#ifndef PMP_PROFILE_H
#define PMP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/hash_index.h"
#include "merger/base/intern.h"
#include "merger/profile/merge_quality.h"
#include "merger/profile/timeline.h"
#include "merger/profile/tree.h"

/* What is read. Written is the lowest that says all: 2 only where a reader of version 1 would take CPU time for
 * samples, or refuse the tree. It skips what it doesn't know, such as a timeline. */
#define PROFILE_VERSION 2

enum profile_weight {
	PROFILE_SAMPLES, /* a stack weighs 1: wall clock */
	PROFILE_CPU_US,  /* what its thread had of a CPU since its sample before, in microseconds */
};

struct profile_target {
	uint32_t pid;
	uint32_t executable, host, python; /* intern ids; 0: not known */
	uint32_t *args;                    /* intern ids of the command line */
	size_t arg_count;
};

struct profile_thread {
	uint32_t host; /* intern id; 0: its target's, or not known */
	uint32_t pid, tid;
	uint32_t name; /* intern id; the last name seen */
	uint64_t stacks;
};

/* A file that was mapped, as frames name it. */
struct profile_module {
	uint32_t path,
	        build_id; /* intern ids; build_id is in hexadecimal, 0: not known, or not always the same */
};

/* All in microseconds. first: the attach, the dearest of all, where it is no sample's own, or the first
 * sample's; the others are the samples', their percentiles by nearest rank. */
struct profile_pause {
	bool known;
	uint64_t first, median, p99, max;
};

struct profile_sampling {
	bool known;       /* false: text without markers; nothing below is known */
	uint32_t started; /* intern id of an ISO 8601 time, 0: not known */
	uint64_t asked, taken, late, failed; /* samples, over all targets */
	uint64_t rate_mhz, achieved_mhz;     /* thousandths of a hertz, for each target */
	uint64_t elapsed_ms;
	uint64_t stopped_ppm; /* share of the time for which a target was stopped, in millionths */
	struct profile_pause pause;
};

struct profile {
	struct intern *intern;
	struct tree *tree;
	uint64_t runs; /* that were added up (profile_merge.h); 1: a recording; 0: more of one */
	enum profile_weight weight;
	struct timeline *timeline; /* NULL: not known, or not wanted */
	struct profile_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index; /* pid -> its places in targets */
	struct profile_thread *threads;
	size_t thread_count, thread_cap;
	struct hash_index thread_index; /* profile_thread's: (pid, tid) -> its place in threads */
	struct profile_sampling sampling;
	uint64_t marks
	        [QUALITY_COUNT]; /* stacks by mark; their sum is the tree's total in samples, and left_out */
	uint64_t
	        left_out; /* weight of stacks that a view (profile_filter.h) has taken out of the tree */
	bool emptied; /* a window (time_window.h) has left nothing of what there was */
	struct profile_module *modules;
	size_t module_count, module_cap;
	struct hash_index module_index; /* path -> its place in modules */
	uint64_t text_lines, unknown_lines;
	uint32_t *notes; /* intern ids: lines for the person, each once */
	size_t note_count, note_cap;
	struct hash_index note_index; /* intern id -> its place in notes */
};

struct profile *profile_create(bool by_line);
void profile_destroy(struct profile *profile);

uint64_t profile_stacks(const struct profile *profile);                       /* the sum of marks */
struct profile_target *profile_target(struct profile *profile, uint32_t pid); /* made if missing */
bool profile_has_target(const struct profile *profile, uint32_t pid);
/* Adds a copy, unless there is one that's equal in all: false, then. Sums of profiles (profile_merge.h) can have several
 * of one pid, of which profile_target finds the first. */
bool profile_add_target(struct profile *profile, const struct profile_target *target);
/* The host that all targets have; 0: there is none, or more than one. */
uint32_t profile_host(const struct profile *profile);
/* NULL if it is not there. */
const struct profile_thread *profile_find_thread(const struct profile *profile, uint32_t pid,
                                                 uint32_t tid);
struct profile_thread *profile_thread(struct profile *profile, uint32_t pid, uint32_t tid);
/* host: as in profile_thread, part of what tells them apart. */
struct profile_thread *profile_host_thread(struct profile *profile, uint32_t host, uint32_t pid,
                                           uint32_t tid);
/* Keeps it, if it has a path. */
void profile_module(struct profile *profile, uint32_t path, uint32_t build_id);
/* An intern id; 0: not known. */
uint32_t profile_build_id(const struct profile *profile, uint32_t path);
void profile_note(struct profile *profile, uint32_t text);
/* The order in which writers show it: the tree's (tree_sort), and the threads by stacks, pid, tid. */
void profile_sort(struct profile *profile);
/* The same, and targets, modules and notes in the order of what they say: equal profiles are written as equal bytes. */
void profile_sort_all(struct profile *profile);

/* "merged", "native_only" ...: a mark's key in YAML. */
const char *profile_quality_name(enum merge_quality quality);
bool profile_quality_of(struct span name, enum merge_quality *ret);
/* "python", "native" ...: a kind's name in YAML. */
const char *profile_kind_name(enum frame_kind kind);
bool profile_kind_of(struct span name, enum frame_kind *ret);

#endif
