/* Compares the map with a list that is searched linearly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/parse/address_map.h"

#define PIDS 5
#define SLOTS 400
#define SLOT 0x1000

static uint64_t dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

/* Adds, looks up and removes at random; ranges do not overlap. */
static void test_random(void **state)
{
	static bool known[PIDS][SLOTS];
	struct address_map map = { 0 };
	uint64_t seed = 42;

	(void)state;
	for (size_t i = 0; i < 60000; i++) {
		uint32_t pid = (uint32_t)(dice(&seed) % PIDS),
		         slot = (uint32_t)(dice(&seed) % SLOTS);
		uint64_t start = (uint64_t)slot * SLOT, offset = dice(&seed) % SLOT;
		const struct address_range *found;

		if (i % 7000 == 6999) {
			address_map_clear(&map, pid);
			for (size_t j = 0; j < SLOTS; j++)
				known[pid][j] = false;
		} else if (i % 2 && !known[pid][slot]) {
			address_map_add(&map, &(struct address_range){ .pid = pid,
			                                               .start = start,
			                                               .end = start + SLOT / 2 });
			known[pid][slot] = true;
		}
		found = address_map_find(&map, pid, start + offset);
		assert_int_equal(found != NULL, known[pid][slot] && offset < SLOT / 2);
		if (found)
			assert_true(found->pid == pid && found->start == start);
	}
	address_map_empty(&map);
	assert_null(address_map_find(&map, 0, 1));
	address_map_deinit(&map);
}

static void test_edges(void **state)
{
	struct address_map map = { 0 };

	(void)state;
	assert_null(address_map_find(&map, 0, 0));
	address_map_clear(&map, 0);
	address_map_add(&map, &(struct address_range){ .pid = 1, .start = 9, .end = 9 });
	assert_int_equal(map.count, 0);
	address_map_add(&map, &(struct address_range){ .pid = UINT32_MAX, .end = UINT64_MAX });
	address_map_add(&map, &(struct address_range){ .pid = 0, .end = 1 });
	assert_non_null(address_map_find(&map, UINT32_MAX, UINT64_MAX - 1));
	assert_null(address_map_find(&map, UINT32_MAX, UINT64_MAX));
	assert_non_null(address_map_find(&map, 0, 0));
	address_map_clear(&map, 0);
	assert_null(address_map_find(&map, 0, 0));
	assert_non_null(address_map_find(&map, UINT32_MAX, 0));
	address_map_clear(&map, UINT32_MAX);
	assert_int_equal(map.count, 0);
	for (uint64_t i = 0; i < ADDRESS_MAP_MAX + 10; i++)
		address_map_add(&map, &(struct address_range){ .start = i, .end = i + 1 });
	assert_int_equal(map.count, ADDRESS_MAP_MAX);
	address_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
