/* A profile's targets, threads and notes: each is stored once and can be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "merger/profile/profile.h"

#define MANY 1000

static void test_targets(void **state)
{
	struct profile *profile = profile_create(false);

	(void)state;
	assert_false(profile_has_target(profile, 0));
	/* More than the array's initial size, so that it moves. */
	for (uint32_t pid = 0; pid < MANY; pid++) {
		assert_false(profile_has_target(profile, pid));
		profile_target(profile, pid)->host = pid + 1;
		assert_true(profile_has_target(profile, pid));
	}
	for (uint32_t pid = 0; pid < MANY; pid++)
		assert_int_equal(profile_target(profile, pid)->host, pid + 1);
	assert_int_equal(profile->target_count, MANY);
	/* In the order in which they were added. */
	assert_int_equal(profile->targets[MANY - 1].pid, MANY - 1);
	profile_destroy(profile);
	profile_destroy(NULL);
}

static void test_threads(void **state)
{
	static const struct {
		uint32_t pid, tid;
		uint64_t stacks;
		size_t place; /* after sorting */
	} rows[] = {
		{ 1, 7, 5, 3 }, { 2, 7, 5, 4 },  { 1, 2, 5, 2 },
		{ 9, 9, 6, 1 }, { 1, 99, 1, 5 }, { 3, 3, UINT64_C(1) << 40, 0 },
	};
	struct profile *profile = profile_create(false);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		profile_thread(profile, rows[i].pid, rows[i].tid)->stacks = rows[i].stacks;
	assert_int_equal(profile->thread_count, sizeof(rows) / sizeof(*rows));
	profile_sort(profile);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct profile_thread *thread = &profile->threads[rows[i].place];

		print_message("%u/%u\n", rows[i].pid, rows[i].tid);
		assert_int_equal(thread->pid, rows[i].pid);
		assert_int_equal(thread->tid, rows[i].tid);
		assert_int_equal(thread->stacks, rows[i].stacks);
		/* The index is that after sorting. */
		assert_ptr_equal(profile_thread(profile, rows[i].pid, rows[i].tid), thread);
	}
	assert_int_equal(profile->thread_count, sizeof(rows) / sizeof(*rows));
	profile_destroy(profile);
}

static void test_notes(void **state)
{
	struct profile *profile = profile_create(false);

	(void)state;
	for (int again = 0; again < 2; again++)
		for (uint32_t text = 1; text <= MANY; text++)
			profile_note(profile, text);
	assert_int_equal(profile->note_count, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(profile->notes[i], i + 1);
	profile_destroy(profile);
}

static void test_qualities(void **state)
{
	struct profile *profile = profile_create(true);
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(profile_stacks(profile), 0);
	for (unsigned i = 0; i < QUALITY_COUNT; i++) {
		profile->marks[i] = UINT64_C(1) << (i * 8);
		sum += profile->marks[i];
		for (unsigned other = 0; other < i; other++)
			assert_string_not_equal(profile_quality_name((enum merge_quality)i),
			                        profile_quality_name((enum merge_quality)other));
	}
	assert_int_equal(profile_stacks(profile), sum);
	profile_destroy(profile);
}

static void test_kinds(void **state)
{
	enum frame_kind kind;

	(void)state;
	for (unsigned i = 0; i < FRAME_KIND_COUNT; i++) {
		assert_true(profile_kind_of(span_of(profile_kind_name((enum frame_kind)i)), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(profile_kind_of(SPAN_LIT(""), &kind));
	assert_false(profile_kind_of(SPAN_LIT("Python"), &kind));
	assert_false(profile_kind_of(SPAN_LIT("pythonic"), &kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_notes),   cmocka_unit_test(test_qualities),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
