/* yaml_schema: what the YAML writer and reader must agree on, beyond the keys' names. JSON (profile_document.h) has the same,
 * but that a LINE is a text there.
 *
 *	pmp-profile: 1					2 if there is a `weight`, stacks that are left out, or hosts in the tree
 *	weight: cpu_us					what the tree's numbers are, unless samples
 *	by_line: true					only if nodes are told apart by line
 *	runs: 3						only if it's a sum of several
 *	target: {pid, command: [], executable, python, host}	or targets: [..] if there are several
 *	sampling: {started, asked, taken, late, failed, rate_hz, achieved_hz, seconds, stopped_share,
 *	           pause_ms: {first, median, p99, max}}
 *	stacks: {total, merged, native_only, python_only, partial, unpaired, lost, left_out}
 *	text: {lines, unknown_lines}
 *	threads: [{host, pid, tid, name, stacks}]	host only in sums; pid only where it is not the only target's
 *	modules: [{path, build_id}]			of nodes' modules and of executables, where it is known
 *	notes: [..]
 *	tree: [NODE]
 *	continued: [{piece: N, calls: [NODE]}]
 *	timeline: {stacks: [STACK], samples: [SAMPLE]}
 *
 *	NODE: {frame, kind, module, file, first_line, line, total, self, lines: {LINE: WEIGHT}, calls: [NODE]}
 *
 * left_out: the weight of stacks that are not in the tree, as somebody looked at a part of it (profile_filter.h). runs: how many
 * recordings were added up (profile_merge.h); 1 if it's left out.
 *
 * A key whose value is not known is left out. In a node, `line` is there only in a profile by line, and
 * `lines` only in others. total is self and the totals of the calls.
 *
 *	STACK: PARENT NODE LINE [MARK]
 *	SAMPLE: TIME PID PAUSE [late] [CHANGE ..]
 *	CHANGE: THREAD/STACK[/STATE[/CPU]]
 *
 * are texts, as a run of an hour has more numbers than a YAML parser can take in a minute. STACK: one frame
 * below the stack PARENT (0: none), which is the tree's NODE, in its line LINE (0: not known); MARK, as in
 * `stacks`, if there are stacks that end with it. A path begins below the process, if the tree has that.
 * TIME, PAUSE and CPU are microseconds: since the start of the run, of the pause (`failed` in its place:
 * nothing could be taken), and of a CPU since the thread's sample before. STATE is R, S, D .. as in /proc just before the stop,
 * `-` if it isn't known. A CHANGE tells of a thread that is not as it was in this process's sample before;
 * STACK 0: it is gone. Numbers count from 1: STACKs and THREADs (`THREAD.1` where a sample names it a second
 * time) in the order of their lists; NODEs in the order of `tree`, each before its calls, and then of the
 * pieces.
 *
 * YAML parsers refuse, or die of, deep nesting: libyaml 0.2.5 sets no limit, but what follows it allows
 * 1000 collections in each other, and PyYAML recurses, four Python calls a tree level, up to Python's
 * limit of 1000. So a node at level YAML_PIECE_LEVELS that has calls says `continues: N` in place of
 * `calls`, and these stand in the piece N of the list `continued`, which is nested no deeper. Each piece
 * belongs to one node, and pieces are numbered from 1 in the order in which the nodes come. */
#ifndef PMP_YAML_SCHEMA_H
#define PMP_YAML_SCHEMA_H

#define YAML_PIECE_LEVELS 100

/* Collections in each other that are read: libyaml's time for each token grows with it. pmp itself writes
 * some 2 * YAML_PIECE_LEVELS, and PyYAML can write and read no more than this either. */
#define YAML_NESTING_MAX 250

/* Fixed point: the unit's value in the file. */
#define YAML_MILLI 1000    /* Hz, s and ms of mHz, ms and us */
#define YAML_MICRO 1000000 /* shares of ppm */

#endif
