/* profile: a weighted call tree, with the samples asked, taken and lost, the targets and the
 * threads. It has all that a YAML profile has, and writers see nothing else. Numbers have the units
 * of the file (microseconds, millionths), so that a profile that is read and written again has the
 * same bytes. */
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

/* The newest version that can be read. Writers use version 1 where possible: 2 only if a reader of
 * version 1 would take CPU time for samples or would refuse the tree. Readers skip unknown parts,
 * such as a timeline. */
#define PROFILE_VERSION 2

enum profile_weight {
	PROFILE_SAMPLES, /* a stack weighs 1: wall clock */
	PROFILE_CPU_US,  /* the thread's CPU time since its sample before, in microseconds */
};

struct profile_target {
	uint32_t pid;
	uint32_t executable, host, python; /* intern ids; 0: unknown */
	uint32_t *args;                    /* intern ids of the command line */
	size_t arg_count;
};

struct profile_thread {
	uint32_t host; /* intern id; 0: its target's, or unknown */
	uint32_t pid, tid;
	uint32_t name; /* intern id of its last name */
	uint64_t stacks;
};

/* A mapped file. Frames have the same path. */
struct profile_module {
	uint32_t path;     /* intern id */
	uint32_t build_id; /* intern id of hexadecimal digits; 0: unknown, or it has changed */
};

/* Pauses in microseconds: of a sample, the longest time that one thread was stopped. first: of the
 * first sample; in recordings of older versions, of the attach before it. The others are of all
 * samples; percentiles are by nearest rank. */
struct profile_pause {
	bool known;
	uint64_t first, median, p99, max;
};

struct profile_sampling {
	bool known;       /* false: the text had no markers, all below is unknown */
	uint32_t started; /* intern id of an ISO 8601 time; 0: unknown */
	uint64_t asked, taken, late, failed; /* samples, over all targets */
	uint64_t rate_mhz, achieved_mhz;     /* thousandths of a hertz, for each target */
	uint64_t elapsed_ms;
	uint64_t stopped_ppm; /* share of the time for which a thread was stopped, in millionths */
	struct profile_pause pause;
};

struct profile {
	struct intern *intern;
	struct tree *tree;
	/* The number of merged recordings (profile_merge.h). 1: a recording; 0: a further profile
	 * of a recording that is counted already. */
	uint64_t runs;
	enum profile_weight weight;
	struct timeline *timeline; /* NULL: unknown or not wanted */
	struct profile_target *targets;
	size_t target_count, target_cap;
	struct hash_index target_index; /* pid -> indices in targets */
	struct profile_thread *threads;
	size_t thread_count, thread_cap;
	struct hash_index thread_index; /* (host, pid, tid) -> index in threads */
	struct profile_sampling sampling;
	/* Stacks by quality. Their sum is the tree's total in samples plus left_out. */
	uint64_t marks[QUALITY_COUNT];
	uint64_t left_out; /* weight of the stacks that a filter (profile_filter.h) has removed */
	/* threads among them that slept, while others ran; not stored in files */
	size_t sleepers;
	bool emptied; /* a time window (time_window.h) has removed all stacks */
	struct profile_module *modules;
	size_t module_count, module_cap;
	struct hash_index module_index; /* path -> index in modules */
	uint64_t text_lines, unknown_lines;
	uint32_t *notes; /* intern ids: distinct lines for the user */
	size_t note_count, note_cap;
	struct hash_index note_index; /* intern id -> index in notes */
};

struct profile *profile_create(bool by_line);
void profile_destroy(struct profile *profile);

uint64_t profile_stacks(const struct profile *profile);                       /* the sum of marks */
struct profile_target *profile_target(struct profile *profile, uint32_t pid); /* made if missing */
bool profile_has_target(const struct profile *profile, uint32_t pid);
/* Adds a copy. false: the profile has an equal target. A merged profile (profile_merge.h) can have
 * several targets with one pid; profile_target finds the first of them. */
bool profile_add_target(struct profile *profile, const struct profile_target *target);
/* The host of all targets; 0: unknown, or more than one. */
uint32_t profile_host(const struct profile *profile);
/* The thread without a host of its own, or NULL. */
const struct profile_thread *profile_find_thread(const struct profile *profile, uint32_t pid,
                                                 uint32_t tid);
/* The same; added if it is missing. */
struct profile_thread *profile_thread(struct profile *profile, uint32_t pid, uint32_t tid);
/* The same for a thread with a host of its own, which is part of its key. */
struct profile_thread *profile_host_thread(struct profile *profile, uint32_t host, uint32_t pid,
                                           uint32_t tid);
/* Adds a module, if path is not 0. Two build ids for one path give 0. */
void profile_module(struct profile *profile, uint32_t path, uint32_t build_id);
/* The build id of a path, an intern id; 0: unknown. */
uint32_t profile_build_id(const struct profile *profile, uint32_t path);
/* Adds a note, an intern id, if it is new. */
void profile_note(struct profile *profile, uint32_t text);
/* Adds a note for each module with several build ids and functions without a name: "fn 0x1fcd40" is
 * another function in each build. */
void profile_note_builds(struct profile *profile);
/* Sorts the profile for writers: the tree (tree_sort), and the threads by stacks, host, pid,
 * tid. */
void profile_sort(struct profile *profile);
/* The same, and sorts targets, modules and notes by content, so that equal profiles are written as
 * equal bytes. */
void profile_sort_all(struct profile *profile);

/* "merged", "native_only" ...: the key in YAML. */
const char *profile_quality_name(enum merge_quality quality);
bool profile_quality_of(struct span name, enum merge_quality *ret);
/* "python", "native" ...: the name in YAML. */
const char *profile_kind_name(enum frame_kind kind);
bool profile_kind_of(struct span name, enum frame_kind *ret);

#endif
