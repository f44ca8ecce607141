#include "merger/base/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "merger/base/escape.h"

#define CHUNK_SIZE (64u << 10)
#define FIRST_SLOTS 1024u /* a power of two */

/* Strings never move, so the spans of intern_get are valid until the table is destroyed. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	char text[];
};

struct entry {
	const char *ptr;
	size_t len;
	uint32_t hash;
	bool clean; /* known to need no escaping: its bytes need not be checked again */
};

struct intern {
	struct chunk *chunks; /* the first one is being filled */
	struct entry *entries;
	size_t count, cap;
	uint32_t *slots; /* id + 1, 0: free; linear probing */
	size_t slot_count;
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

/* The slot of s; if it has none, the free slot for it. */
static size_t find_slot(const struct intern *intern, struct span s, uint32_t hash)
{
	size_t mask = intern->slot_count - 1;
	size_t slot = hash & mask;

	for (; intern->slots[slot]; slot = (slot + 1) & mask) {
		const struct entry *entry = &intern->entries[intern->slots[slot] - 1];

		if (entry->hash == hash && span_eq((struct span){ entry->ptr, entry->len }, s))
			break;
	}
	return slot;
}

static void grow_table(struct intern *intern)
{
	size_t mask = intern->slot_count * 2 - 1;

	free(intern->slots);
	intern->slot_count *= 2;
	intern->slots = alloc_zeroed(intern->slot_count, sizeof(*intern->slots));
	for (size_t i = 0; i < intern->count; i++) {
		size_t slot = intern->entries[i].hash & mask;

		while (intern->slots[slot])
			slot = (slot + 1) & mask;
		intern->slots[slot] = (uint32_t)i + 1;
	}
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

static uint32_t add_entry(struct intern *intern, struct span s, uint32_t hash, size_t slot,
                          bool clean)
{
	uint32_t id = (uint32_t)intern->count;

	intern->entries = alloc_grow(intern->entries, &intern->cap, intern->count + 1,
	                             sizeof(*intern->entries));
	intern->entries[intern->count++] = (struct entry){
		.ptr = add_string(intern, s),
		.len = s.len,
		.hash = hash,
		.clean = clean,
	};
	intern->slots[slot] = id + 1;
	if (intern->count * 2 > intern->slot_count)
		grow_table(intern);
	return id;
}

struct intern *intern_create(void)
{
	struct intern *intern = alloc_zeroed(1, sizeof(*intern));

	intern->slot_count = FIRST_SLOTS;
	intern->slots = alloc_zeroed(intern->slot_count, sizeof(*intern->slots));
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
	free(intern->slots);
	free(intern);
}

uint32_t intern_add(struct intern *intern, struct span s)
{
	uint32_t hash = hash_span(s);
	size_t slot = find_slot(intern, s, hash);

	if (intern->slots[slot])
		return intern->slots[slot] - 1;
	return add_entry(intern, s, hash, slot, false);
}

uint32_t intern_add_clean(struct intern *intern, struct span s)
{
	uint32_t hash, id;
	size_t slot;

	if (!s.len)
		return 0;
	hash = hash_span(s);
	slot = find_slot(intern, s, hash);
	if (intern->slots[slot]) {
		id = intern->slots[slot] - 1;
		if (intern->entries[id].clean)
			return id;
	}
	if (escape_is_clean(s)) {
		if (!intern->slots[slot])
			return add_entry(intern, s, hash, slot, true);
		id = intern->slots[slot] - 1;
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
