#include "merger/formats/yaml_tree.h"

#include <inttypes.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/profile/profile.h"

#define PARENT_NONE SIZE_MAX

struct yaml_node {
	size_t parent;  /* index of a node; PARENT_NONE: on the first level of its piece */
	uint32_t place; /* in the tree */
	struct frame frame;
	uint64_t total, self, calls; /* calls: the sum of the calls' totals */
	uint64_t continues;          /* number of a piece; 0: none */
	size_t first_line, line_end; /* its lines */
	size_t line;                 /* in the file */
	uint64_t seen;               /* its keys */
};

struct yaml_node_line {
	uint32_t line;
	uint64_t weight;
};

void yaml_tree_deinit(struct yaml_tree *yaml)
{
	free(yaml->nodes);
	free(yaml->lines);
	free(yaml->pieces);
	hash_index_deinit(&yaml->piece_index);
	*yaml = (struct yaml_tree){ 0 };
}

static bool read_kind(struct yaml_events *reader, void *into)
{
	struct yaml_node *node = into;
	struct span text;

	if (reader->event.type != YAML_SCALAR_EVENT)
		return yaml_events_fail(reader, "'kind' is not a word");
	text = yaml_events_scalar(reader);
	if (profile_kind_of(text, &node->frame.kind))
		return true;
	return yaml_events_fail(reader, "a node of a kind that this pmp does not know: %.*s",
	                        (int)(text.len < 40 ? text.len : 40), text.ptr);
}

static bool read_line_key(struct yaml_events *reader, const char *key, uint32_t *ret)
{
	uint64_t number = 0;
	bool ok = yaml_events_key_number(reader, key, UINT32_MAX, &number);

	*ret = (uint32_t)number;
	return ok;
}

/* read_key: reads a key of the mapping `key`, a line. */
static bool read_weights(struct yaml_events *reader, struct yaml_node *node, const char *key,
                         bool (*read_key)(struct yaml_events *reader, const char *key,
                                          uint32_t *ret))
{
	struct yaml_tree *yaml = reader->ctx;

	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return yaml_events_fail(reader, "'%s' is not a mapping", key);
	node->first_line = yaml->line_count;
	while (yaml_events_next(reader)) {
		struct yaml_node_line line;

		node->line_end = yaml->line_count;
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return true;
		if (!read_key(reader, key, &line.line) || !yaml_events_next(reader) ||
		    !yaml_events_number(reader, key, UINT64_MAX, &line.weight))
			return false;
		yaml->lines = alloc_grow(yaml->lines, &yaml->line_cap, yaml->line_count + 1,
		                         sizeof(*yaml->lines));
		yaml->lines[yaml->line_count++] = line;
	}
	return false;
}

static bool read_lines(struct yaml_events *reader, void *into)
{
	return read_weights(reader, into, "lines", read_line_key);
}

static bool read_addresses(struct yaml_events *reader, void *into)
{
	return read_weights(reader, into, "addresses", yaml_events_address);
}

static bool read_address(struct yaml_events *reader, void *into)
{
	struct yaml_node *node = into;

	return yaml_events_address(reader, "address", &node->frame.line);
}

/* read_nodes, not the field, reads the list after its start. */
static bool check_calls(struct yaml_events *reader, void *into)
{
	(void)into;
	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return yaml_events_fail(reader, "'calls' is not a list of nodes");
	return true;
}

enum node_key { KEY_FRAME, KEY_KIND, KEY_TOTAL, KEY_SELF, KEY_CALLS, KEY_CONTINUES };

#define HAS(seen, key) ((seen) >> (key)&1)

#define NODE(field) offsetof(struct yaml_node, field)

static const struct yaml_field node_rows[] = {
	[KEY_FRAME] = { "frame", YAML_STRING, NODE(frame.name), 0, NULL },
	[KEY_KIND] = { "kind", YAML_CALL, 0, 0, read_kind },
	[KEY_TOTAL] = { "total", YAML_U64, NODE(total), 0, NULL },
	[KEY_SELF] = { "self", YAML_U64, NODE(self), 0, NULL },
	[KEY_CALLS] = { "calls", YAML_CALL, 0, 0, check_calls },
	[KEY_CONTINUES] = { "continues", YAML_U64, NODE(continues), 0, NULL },
	{ "module", YAML_STRING, NODE(frame.module), 0, NULL },
	{ "file", YAML_STRING, NODE(frame.file), 0, NULL },
	{ "first_line", YAML_U32, NODE(frame.first_line), 0, NULL },
	{ "line", YAML_U32, NODE(frame.line), 0, NULL },
	{ "lines", YAML_CALL, 0, 0, read_lines },
	{ "address", YAML_CALL, 0, 0, read_address },
	{ "addresses", YAML_CALL, 0, 0, read_addresses },
};

static const struct yaml_fields node_fields = { node_rows, sizeof(node_rows) / sizeof(node_rows[0]),
	                                        "node" };

static size_t add_node(struct yaml_events *reader, struct yaml_tree *yaml, size_t parent)
{
	yaml->nodes = alloc_grow(yaml->nodes, &yaml->node_cap, yaml->node_count + 1,
	                         sizeof(*yaml->nodes));
	yaml->nodes[yaml->node_count] =
	        (struct yaml_node){ .parent = parent, .line = yaml_events_line(reader) };
	return yaml->node_count++;
}

static bool check_node(struct yaml_events *reader, const struct yaml_node *node)
{
	static const enum node_key needed[] = { KEY_FRAME, KEY_KIND, KEY_TOTAL };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!HAS(node->seen, needed[i]))
			return yaml_events_fail_at(reader, node->line, "a node without '%s'",
			                           node_rows[needed[i]].key);
	return true;
}

/* Reads a list of nodes with all their calls. It does not recurse: `parent` is the stack. */
static bool read_nodes(struct yaml_events *reader, struct yaml_tree *yaml)
{
	size_t at = PARENT_NONE;
	bool in_list = true; /* in the calls of `at`; otherwise among its keys */

	while (yaml_events_next(reader)) {
		yaml_event_type_t type = reader->event.type;

		if (in_list && type == YAML_SEQUENCE_END_EVENT) {
			if (at == PARENT_NONE)
				return true;
			in_list = false;
		} else if (in_list && type == YAML_MAPPING_START_EVENT) {
			at = add_node(reader, yaml, at);
			in_list = false;
		} else if (in_list) {
			return yaml_events_fail(reader, "a node that is not a mapping");
		} else if (type == YAML_MAPPING_END_EVENT) {
			if (!check_node(reader, &yaml->nodes[at]))
				return false;
			at = yaml->nodes[at].parent;
			in_list = true;
		} else {
			struct yaml_node *node = &yaml->nodes[at];

			if (!yaml_events_field(reader, &node_fields, node, &node->seen))
				return false;
			in_list = reader->event.type == YAML_SEQUENCE_START_EVENT; /* calls */
		}
	}
	return false;
}

static struct yaml_piece *add_piece(struct yaml_events *reader, struct yaml_tree *yaml)
{
	yaml->pieces = alloc_grow(yaml->pieces, &yaml->piece_cap, yaml->piece_count + 1,
	                          sizeof(*yaml->pieces));
	yaml->pieces[yaml->piece_count] = (struct yaml_piece){ .line = yaml_events_line(reader) };
	return &yaml->pieces[yaml->piece_count++];
}

static bool read_piece_calls(struct yaml_events *reader, void *into)
{
	struct yaml_piece *piece = into;
	struct yaml_tree *yaml = reader->ctx;

	if (reader->event.type != YAML_SEQUENCE_START_EVENT)
		return yaml_events_fail(reader, "a tree that is not a list of nodes");
	piece->first = yaml->node_count;
	if (!read_nodes(reader, yaml))
		return false;
	piece->end = yaml->node_count;
	return true;
}

bool yaml_tree_read(struct yaml_events *reader, struct yaml_tree *yaml)
{
	reader->ctx = yaml;
	return read_piece_calls(reader, add_piece(reader, yaml));
}

static uint32_t hash_number(uint64_t number)
{
	return hash_index_hash(hash_index_mix(hash_index_start(0), number));
}

static struct yaml_piece *find_piece(struct yaml_tree *yaml, uint64_t number)
{
	uint32_t hash = hash_number(number), found;

	for (size_t at = hash;
	     (found = hash_index_next(&yaml->piece_index, hash, &at)) != HASH_INDEX_NONE;)
		if (yaml->pieces[found].number == number)
			return &yaml->pieces[found];
	return NULL;
}

static bool read_piece(struct yaml_events *reader, void *into)
{
	static const struct yaml_field rows[] = {
		{ "piece", YAML_U64, offsetof(struct yaml_piece, number), 0, NULL },
		{ "calls", YAML_CALL, 0, 0, read_piece_calls },
	};
	static const struct yaml_fields fields = { rows, 2, "piece" };
	struct yaml_tree *yaml = into;
	struct yaml_piece *piece = add_piece(reader, yaml);
	uint64_t seen;

	if (!yaml_events_map(reader, &fields, piece, &seen))
		return false;
	if (seen != 3 || !piece->number)
		return yaml_events_fail_at(reader, piece->line,
		                           "a piece needs 'piece' (1 or more) and 'calls'");
	if (find_piece(yaml, piece->number))
		return yaml_events_fail_at(reader, piece->line, "piece %" PRIu64 " comes twice",
		                           piece->number);
	hash_index_add(&yaml->piece_index, hash_number(piece->number),
	               (uint32_t)(piece - yaml->pieces));
	return true;
}

bool yaml_tree_read_continued(struct yaml_events *reader, struct yaml_tree *yaml)
{
	reader->ctx = yaml;
	return yaml_events_list(reader, "continued", read_piece, yaml);
}

/* A piece that is to be added to the tree, and the node that it continues. */
struct placing {
	size_t owner; /* PARENT_NONE: the root */
	const struct yaml_piece *piece;
};

struct yaml_build {
	struct yaml_events *reader;
	struct yaml_tree *yaml;
	struct tree *tree;
	struct placing *queue;
	size_t queue_count, queue_cap;
	uint64_t whole; /* the sum of the roots */
};

static void queue_piece(struct yaml_build *build, size_t owner, struct yaml_piece *piece)
{
	piece->used = true;
	build->queue = alloc_grow(build->queue, &build->queue_cap, build->queue_count + 1,
	                          sizeof(*build->queue));
	build->queue[build->queue_count++] = (struct placing){ owner, piece };
}

/* Each piece is used only once. So it cannot contain itself, and a small file cannot become a
 * large tree. */
static bool continue_node(struct yaml_build *build, size_t at)
{
	const struct yaml_node *node = &build->yaml->nodes[at];
	struct yaml_piece *piece = find_piece(build->yaml, node->continues);

	if (!piece)
		return yaml_events_fail_at(build->reader, node->line,
		                           "piece %" PRIu64 " is not there; is the file whole?",
		                           node->continues);
	if (piece->used)
		return yaml_events_fail_at(build->reader, node->line,
		                           "piece %" PRIu64 " is continued twice", node->continues);
	queue_piece(build, at, piece);
	return true;
}

static bool place_node(struct yaml_build *build, size_t at, size_t owner)
{
	struct yaml_node *nodes = build->yaml->nodes, *node = &nodes[at];
	size_t parent = node->parent == PARENT_NONE ? owner : node->parent;
	uint64_t *sum = parent == PARENT_NONE ? &build->whole : &nodes[parent].calls;

	if (__builtin_add_overflow(*sum, node->total, sum))
		return yaml_events_fail_at(build->reader, node->line,
		                           "the totals add up to too much");
	node->place = tree_child(
	        build->tree, parent == PARENT_NONE ? TREE_ROOT : nodes[parent].place, &node->frame);
	return !HAS(node->seen, KEY_CONTINUES) || continue_node(build, at);
}

static bool weigh_lines(struct yaml_build *build, const struct yaml_node *node)
{
	const struct yaml_node_line *line = build->yaml->lines;
	uint64_t left = node->total;

	for (size_t i = node->first_line; i < node->line_end; i++) {
		if (line[i].weight > left)
			return yaml_events_fail_at(build->reader, node->line,
			                           "a node's lines weigh more than its total");
		left -= line[i].weight;
		tree_weigh(build->tree, node->place, tree_by_line(build->tree) ? 0 : line[i].line,
		           line[i].weight);
	}
	tree_weigh(build->tree, node->place, 0, left);
	return true;
}

static bool weigh_node(struct yaml_build *build, struct yaml_node *node)
{
	uint64_t sum;

	if (!HAS(node->seen, KEY_SELF) && node->calls <= node->total)
		node->self = node->total - node->calls;
	if (__builtin_add_overflow(node->self, node->calls, &sum) || sum != node->total)
		return yaml_events_fail_at(build->reader, node->line,
		                           "a node's total is %" PRIu64 ", but self and the totals "
		                           "of its calls do not add up to that",
		                           node->total);
	return weigh_lines(build, node);
}

static bool place_pieces(struct yaml_build *build)
{
	struct yaml_tree *yaml = build->yaml;

	for (size_t i = 0; i < yaml->piece_count; i++)
		if (!yaml->pieces[i].number)
			queue_piece(build, PARENT_NONE, &yaml->pieces[i]);
	for (size_t i = 0; i < build->queue_count; i++) {
		struct placing placing = build->queue[i];

		for (size_t at = placing.piece->first; at < placing.piece->end; at++)
			if (!place_node(build, at, placing.owner))
				return false;
	}
	for (size_t i = 0; i < yaml->piece_count; i++)
		if (!yaml->pieces[i].used)
			return yaml_events_fail_at(build->reader, yaml->pieces[i].line,
			                           "piece %" PRIu64 " continues no node",
			                           yaml->pieces[i].number);
	return true;
}

bool yaml_tree_build(struct yaml_events *reader, struct yaml_tree *yaml, struct tree *tree)
{
	struct yaml_build build = { .reader = reader, .yaml = yaml, .tree = tree };
	bool done = place_pieces(&build);

	for (size_t i = 0; done && i < yaml->node_count; i++)
		done = weigh_node(&build, &yaml->nodes[i]);
	if (done)
		tree_weigh(tree, TREE_ROOT, 0, build.whole);
	free(build.queue);
	return done;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct yaml_piece *const *left = a, *const *right = b;

	return ((*left)->number > (*right)->number) - ((*left)->number < (*right)->number);
}

uint32_t *yaml_tree_places(const struct yaml_tree *yaml, size_t *count)
{
	const struct yaml_piece **pieces = alloc_zeroed(yaml->piece_count, sizeof(*pieces));
	uint32_t *places = alloc_zeroed(yaml->node_count, sizeof(*places));

	*count = 0;
	for (size_t i = 0; i < yaml->piece_count; i++)
		pieces[i] = &yaml->pieces[i];
	if (yaml->piece_count)
		qsort(pieces, yaml->piece_count, sizeof(*pieces), compare_pieces);
	for (size_t i = 0; i < yaml->piece_count; i++)
		for (size_t at = pieces[i]->first; at < pieces[i]->end; at++)
			places[(*count)++] = yaml->nodes[at].place;
	free(pieces);
	return places;
}
