/* yaml_schema: what the YAML writer and reader must agree on, beyond the keys' names.
 *
 *	pmp-profile: 1
 *	by_line: true					only if nodes are told apart by line
 *	target: {pid, command: [], executable, python, host}	or targets: [..] if there are several
 *	sampling: {started, asked, taken, late, failed, rate_hz, achieved_hz, seconds, stopped_share,
 *	           pause_ms: {first, median, p99, max}}
 *	stacks: {total, merged, native_only, python_only, partial, unpaired, lost}
 *	text: {lines, unknown_lines}
 *	threads: [{pid, tid, name, stacks}]		pid only where it is not the only target's
 *	notes: [..]
 *	tree: [NODE]
 *	continued: [{piece: N, calls: [NODE]}]
 *
 *	NODE: {frame, kind, module, file, first_line, line, total, self, lines: {LINE: WEIGHT}, calls: [NODE]}
 *
 * A key whose value is not known is left out. In a node, `line` is there only in a profile by line, and
 * `lines` only in others. total is self and the totals of the calls.
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
