#include "merger/base/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"
#include "merger/base/hash_index.h"

#define CHUNK_SIZE (64u << 10)

/* Strings never move, so the spans of intern_get are valid until the table is destroyed. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	char text[];
};

struct entry {
	const char *ptr;
	uint32_t len; /* no input is as long as 4 GB */
	bool clean;   /* known to need no escaping: its bytes need not be checked again */
};

struct intern {
	struct chunk *chunks; /* the first one is being filled */
	struct entry *entries;
	size_t count, cap;
	struct hash_index index; /* string -> id */
	struct buf scratch;
};

__extension__ typedef unsigned __int128 uint128;

static uint64_t mix_words(uint64_t a, uint64_t b)
{
	uint128 product = (uint128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xff51afd7ed558ccdu);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load_word(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* 16 bytes per step. The last step takes the last 16 bytes, which may overlap those of the step
 * before. */
static uint32_t hash_span(struct span s)
{
	const char *at = s.ptr, *end = span_skip(s, s.len).ptr;
	uint64_t hash = s.len;
	uint32_t head, tail;

	for (; end - at > 16; at += 16)
		hash = mix_words(hash ^ load_word(at), load_word(at + 8));
	if (s.len >= 16) {
		hash = mix_words(hash ^ load_word(end - 16), load_word(end - 8));
	} else if (s.len >= 8) {
		hash = mix_words(hash ^ load_word(at), load_word(end - 8));
	} else if (s.len >= 4) {
		memcpy(&head, at, sizeof(head));
		memcpy(&tail, end - 4, sizeof(tail));
		hash = mix_words(hash, (uint64_t)head << 32 | tail);
	} else {
		for (; at < end; at++)
			hash = hash << 8 | (unsigned char)*at;
		hash = mix_words(hash, 0);
	}
	return (uint32_t)(hash ^ hash >> 32);
}

/* The id of s, or HASH_INDEX_NONE. */
static uint32_t find_entry(const struct intern *intern, struct span s, uint32_t hash)
{
	uint32_t found;

	for (size_t at = hash;
	     (found = hash_index_next(&intern->index, hash, &at)) != HASH_INDEX_NONE;)
		if (span_eq(intern_get(intern, found), s))
			break;
	return found;
}

static const char *add_string(struct intern *intern, struct span s)
{
	struct chunk *chunk = intern->chunks;
	char *text;

	if (!chunk || chunk->size - chunk->used < s.len + 1) {
		size_t size = s.len + 1 > CHUNK_SIZE ? s.len + 1 : CHUNK_SIZE;

		chunk = alloc_zeroed(1, sizeof(*chunk) + size);
		chunk->size = size;
		chunk->next = intern->chunks;
		intern->chunks = chunk;
	}
	text = chunk->text + chunk->used;
	if (s.len)
		memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	chunk->used += s.len + 1;
	return text;
}

static uint32_t add_entry(struct intern *intern, struct span s, uint32_t hash, bool clean)
{
	uint32_t id = (uint32_t)intern->count;

	intern->entries = alloc_grow(intern->entries, &intern->cap, intern->count + 1,
	                             sizeof(*intern->entries));
	intern->entries[intern->count++] = (struct entry){
		.ptr = add_string(intern, s),
		.len = (uint32_t)s.len,
		.clean = clean,
	};
	hash_index_add(&intern->index, hash, id);
	return id;
}

struct intern *intern_create(void)
{
	struct intern *intern = alloc_zeroed(1, sizeof(*intern));

	intern_add(intern, SPAN_LIT(""));
	return intern;
}

void intern_destroy(struct intern *intern)
{
	if (!intern)
		return;
	while (intern->chunks) {
		struct chunk *next = intern->chunks->next;

		free(intern->chunks);
		intern->chunks = next;
	}
	buf_deinit(&intern->scratch);
	free(intern->entries);
	hash_index_deinit(&intern->index);
	free(intern);
}

uint32_t intern_add(struct intern *intern, struct span s)
{
	uint32_t hash = hash_span(s);
	uint32_t id = find_entry(intern, s, hash);

	return id != HASH_INDEX_NONE ? id : add_entry(intern, s, hash, false);
}

uint32_t intern_add_clean(struct intern *intern, struct span s)
{
	uint32_t hash, id;

	if (!s.len)
		return 0;
	hash = hash_span(s);
	id = find_entry(intern, s, hash);
	if (id != HASH_INDEX_NONE && intern->entries[id].clean)
		return id;
	if (escape_is_clean(s)) {
		if (id == HASH_INDEX_NONE)
			return add_entry(intern, s, hash, true);
	} else {
		buf_clear(&intern->scratch);
		escape_add(&intern->scratch, s);
		id = intern_add(intern, buf_span(&intern->scratch));
	}
	intern->entries[id].clean = true;
	return id;
}

struct span intern_get(const struct intern *intern, uint32_t id)
{
	if (id >= intern->count)
		id = 0;
	return (struct span){ intern->entries[id].ptr, intern->entries[id].len };
}

size_t intern_count(const struct intern *intern)
{
	return intern->count;
}

int intern_compare(const struct intern *intern, uint32_t a, uint32_t b)
{
	struct span left, right;
	int diff;

	if (a == b)
		return 0;
	left = intern_get(intern, a);
	right = intern_get(intern, b);
	diff = memcmp(left.ptr, right.ptr, left.len < right.len ? left.len : right.len);
	return diff ? diff : (left.len > right.len) - (left.len < right.len);
}
