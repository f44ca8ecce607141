/* yaml_schema: the schema of YAML profiles. JSON profiles have the same schema, but a LINE is a
 * string there.
 *
 *	pmp-profile: 1			2 with a `weight`, with left_out, or with hosts in the tree
 *	weight: cpu_us			the unit of the tree's numbers; samples if missing
 *	by_line: true			only if the tree is by line
 *	runs: 3				recordings in a sum (profile_merge.h); 1 if missing
 *	target: {pid, command: [], executable, python, host}	or targets: [..]
 *	sampling: {started, asked, taken, late, failed, rate_hz, achieved_hz, seconds,
 *	           stopped_share, pause_ms: {first, median, p99, max}}
 *	stacks: {total, merged, native_only, python_only, partial, unpaired, lost, left_out}
 *	text: {lines, unknown_lines}
 *	threads: [{host, pid, tid, name, stacks}]	host: in sums
 *	modules: [{path, build_id}]	of nodes and executables, if known
 *	notes: [..]
 *	tree: [NODE]
 *	continued: [{piece: N, calls: [NODE]}]
 *	timeline: {stacks: [STACK], samples: [SAMPLE]}
 *
 *	NODE: {frame, kind, module, file, first_line, line, address, total, self,
 *	       lines: {LINE: WEIGHT}, addresses: {ADDRESS: WEIGHT}, calls: [NODE]}
 *
 * Unknown values have no key. A thread's pid is left out if it is the only target's. left_out: the
 * weight of stacks that a filter removed from the tree (profile_filter.h). In a node, `line` exists
 * only in a tree by line, and `lines` only in other trees. total is self plus the totals of the
 * calls. Native functions without a source file have an `address` or `addresses` (0x1fcda8, of the
 * file `module`) in the place of lines.
 *
 *	STACK: PARENT NODE LINE [MARK]
 *	SAMPLE: TIME PID PAUSE [late] [CHANGE ..]
 *	CHANGE: THREAD/STACK[/STATE[/CPU]]
 *
 * These are strings, because a YAML parser cannot read all numbers of a long run in reasonable
 * time. STACK: the frame of the tree's NODE in line LINE (0: unknown; an address is in decimal),
 * below the stack PARENT (0: none); MARK, as in `stacks`, if stacks end with this frame. A path
 * begins below the process, if the tree has processes. TIME, PAUSE and CPU are microseconds: since
 * the start of the run; the length of the pause, or `failed` if no sample could be taken; CPU time
 * since the thread's previous sample. STATE is R, S, D .. as in /proc just before the stop, `-` if
 * unknown. A CHANGE describes a thread that differs from this process's previous sample; STACK
 * 0: the thread is gone. Numbers count from 1: STACKs and THREADs in the order of their lists
 * (`THREAD.1` if a sample has the thread a second time); NODEs in the order of `tree`, each
 * before its calls, then in the order of the pieces.
 *
 * YAML parsers refuse deep nesting, or crash. libyaml 0.2.5 has no limit, later versions allow
 * 1000 nested collections, and PyYAML recurses, with four Python calls for each tree level, up
 * to Python's limit of 1000. Therefore a node at level YAML_PIECE_LEVELS that has calls has
 * `continues: N` in place of `calls`; its calls are piece N of the list `continued`, which has
 * the same nesting limit. Each piece belongs to one node, and pieces are numbered from 1 in the
 * order of these nodes. */
#ifndef PMP_YAML_SCHEMA_H
#define PMP_YAML_SCHEMA_H

#define YAML_PIECE_LEVELS 100

/* Limit of nested collections for reading: libyaml's time for each token grows with the depth.
 * pmp itself writes about 2 * YAML_PIECE_LEVELS, and PyYAML cannot write or read more than this
 * either. */
#define YAML_NESTING_MAX 250

/* Fixed-point numbers: the value of the file's unit in units of the profile. */
#define YAML_MILLI 1000    /* Hz, s and ms in the file; mHz, ms and us in the profile */
#define YAML_MICRO 1000000 /* shares in the file; ppm in the profile */

#endif
