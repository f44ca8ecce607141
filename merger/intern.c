#include "intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "escape.h"

#define CHUNK_SIZE (64u << 10)
#define FIRST_SLOTS 1024u /* a power of two */

/* Strings never move: intern_get's views live as long as the table. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	char text[];
};

struct entry {
	const char *ptr;
	size_t len;
	uint32_t hash;
	bool clean; /* known to need no escaping: saves looking at each byte again */
};

struct intern {
	struct chunk *chunks; /* the one being filled comes first */
	struct entry *entries;
	size_t count, cap;
	uint32_t *slots; /* id + 1, 0: free; linear probing */
	size_t slot_count;
	struct buf scratch;
};

static uint32_t span_hash(struct span s)
{
	uint64_t hash = 0x9e3779b97f4a7c15u ^ s.len;
	uint64_t word;

	for (; s.len >= sizeof(word); s = span_skip(s, sizeof(word))) {
		memcpy(&word, s.ptr, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	word = 0;
	if (s.len)
		memcpy(&word, s.ptr, s.len);
	hash = (hash ^ word) * 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(hash ^ (hash >> 32));
}

/* The slot that holds s, or the free one where it would go. */
static size_t slot_find(const struct intern *intern, struct span s, uint32_t hash)
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

static void slots_grow(struct intern *intern)
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

static const char *text_add(struct intern *intern, struct span s)
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

static uint32_t entry_add(struct intern *intern, struct span s, uint32_t hash, size_t slot,
                          bool clean)
{
	uint32_t id = (uint32_t)intern->count;

	intern->entries = alloc_grow(intern->entries, &intern->cap, intern->count + 1,
	                             sizeof(*intern->entries));
	intern->entries[intern->count++] = (struct entry){
		.ptr = text_add(intern, s),
		.len = s.len,
		.hash = hash,
		.clean = clean,
	};
	intern->slots[slot] = id + 1;
	if (intern->count * 2 > intern->slot_count)
		slots_grow(intern);
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
	uint32_t hash = span_hash(s);
	size_t slot = slot_find(intern, s, hash);

	if (intern->slots[slot])
		return intern->slots[slot] - 1;
	return entry_add(intern, s, hash, slot, false);
}

uint32_t intern_add_clean(struct intern *intern, struct span s)
{
	uint32_t hash, id;
	size_t slot;

	if (!s.len)
		return 0;
	hash = span_hash(s);
	slot = slot_find(intern, s, hash);
	if (intern->slots[slot]) {
		id = intern->slots[slot] - 1;
		if (intern->entries[id].clean)
			return id;
	}
	if (escape_is_clean(s)) {
		if (!intern->slots[slot])
			return entry_add(intern, s, hash, slot, true);
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
