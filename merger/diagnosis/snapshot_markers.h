/* snapshot_markers: what the markers of a text (merger/parse/marker.h) say is added to a snapshot.
 * Each family of markers has a file and a table. Belongs to snapshot_builder. */
#ifndef PMP_SNAPSHOT_MARKERS_H
#define PMP_SNAPSHOT_MARKERS_H

#include "merger/base/buf.h"
#include "merger/build/pymerge.h"
#include "merger/diagnosis/printed_details.h"
#include "merger/diagnosis/snapshot.h"
#include "merger/parse/marker.h"
#include "merger/parse/text_parser.h"

struct snapshot_builder {
	struct snapshot *snapshot;
	struct text_parser *parser;
	struct pymerge *pymerge;
	uint32_t pid; /* of the sample that is being read; 0: none */
	/* Belong to the thread whose header came last; its stack comes next. */
	struct snapshot_wait wait;
	enum syscall_class meant; /* what its system call is for; SYSCALL_UNKNOWN: itself */
	struct snapshot_local *locals;
	size_t local_count, local_cap;
	struct printed_owner *owners;
	size_t owner_count, owner_cap;
	struct snapshot_crash crash; /* of the last stop */
	bool crash_begun;            /* No stack has come since. */
	struct buf text, clean;
};

struct snapshot_taker {
	enum marker_verb verb;
	void (*take)(struct snapshot_builder *builder, const struct marker *marker);
};

/* Calls the taker of the marker's verb. false: the table has none. */
bool snapshot_marker_take(const struct snapshot_taker *takers, size_t count,
                          struct snapshot_builder *builder, const struct marker *marker);
/* What /proc says: processes, threads, file descriptors, children. */
bool fact_markers_take(struct snapshot_builder *builder, const struct marker *marker);
/* What threads and tasks wait for. */
bool wait_markers_take(struct snapshot_builder *builder, const struct marker *marker);
/* How a process ended. */
bool crash_markers_take(struct snapshot_builder *builder, const struct marker *marker);
/* The first stack after a stop: what was told of the stop is of this stack and those after it. */
void crash_markers_begin(struct snapshot_builder *builder, size_t thread);
/* The end of the text, which may tell of the crash after the stacks. */
void crash_markers_finish(struct snapshot_builder *builder);

/* A value as it may be shown, decoded; 0: it is empty. */
uint32_t snapshot_marker_intern(struct snapshot_builder *builder, struct span value);
uint32_t snapshot_marker_word(struct snapshot_builder *builder, const struct marker *marker,
                              const char *key);
/* 0: it is missing, or no number of 32 bits. */
uint32_t snapshot_marker_number(const struct marker *marker, const char *key);
/* The first character; 0: it is missing. */
char snapshot_marker_letter(const struct marker *marker, const char *key);
/* All numbers of a key; *ret is the caller's, to be freed. */
size_t snapshot_marker_numbers(const struct marker *marker, const char *key, uint32_t **ret);
/* Grows an array by one zeroed element, the last one. */
void *snapshot_marker_grow(void *array, size_t *count, size_t *cap, size_t size);
/* The row of a process or thread, made if it is new. The pointer is valid until the next one is
 * made. tid 0: a new thread. */
struct snapshot_process *snapshot_marker_process(struct snapshot_builder *builder, uint32_t pid);
struct snapshot_thread *snapshot_marker_thread(struct snapshot_builder *builder, uint32_t pid,
                                               uint32_t tid);

#endif
