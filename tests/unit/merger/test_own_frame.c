/* Whose code a frame is, and a thread's place. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "merger/diagnosis/own_frame.h"

static const struct {
	enum frame_kind kind;
	const char *name, *file, *module;
	enum frame_owner owner;
} rows[] = {
	{ FRAME_PYTHON, "handler", "/srv/app.py", "", OWNER_PROGRAM },
	{ FRAME_PYTHON, "<module>", "<string>", "", OWNER_PROGRAM },
	{ FRAME_PYTHON, "f", "a.py", "", OWNER_PROGRAM },
	{ FRAME_PYTHON, "wait", "/usr/lib/python3.11/threading.py", "", OWNER_RUNTIME },
	{ FRAME_PYTHON, "wait", "threading.py", "", OWNER_RUNTIME },
	{ FRAME_PYTHON, "get", "queue.py", "", OWNER_STANDARD },
	{ FRAME_PYTHON, "get", "/root/.pyenv/versions/3.9.1/lib/python3.9/queue.py", "",
	  OWNER_STANDARD },
	{ FRAME_PYTHON, "get", "C:\\Python39\\lib\\queue.py", "", OWNER_STANDARD },
	{ FRAME_PYTHON, "acquire", "<frozen importlib._bootstrap>", "", OWNER_RUNTIME },
	{ FRAME_PYTHON, "read", "/usr/lib/python3/dist-packages/redis/client.py", "",
	  OWNER_KNOWN_PACKAGE },
	{ FRAME_PYTHON, "read", "/venv/lib/python3.12/site-packages/urllib3/response.py", "",
	  OWNER_KNOWN_PACKAGE },
	{ FRAME_PYTHON, "pay", "/venv/lib/python3.12/site-packages/shop/cart.py", "",
	  OWNER_PACKAGE },
	{ FRAME_PYTHON, "<module>", "/usr/bin/gunicorn", "", OWNER_KNOWN_PACKAGE },
	{ FRAME_NATIVE, "worker", "w.c", "/srv/app", OWNER_PROGRAM },
	{ FRAME_NATIVE, "query", "", "/usr/lib/postgresql/15/bin/postgres", OWNER_PROGRAM },
	{ FRAME_NATIVE, "PQgetResult", "", "/usr/lib/x86_64-linux-gnu/libpq.so.5", OWNER_PACKAGE },
	{ FRAME_NATIVE, "futex_wait", "../sysdeps/nptl/futex-internal.h", "", OWNER_RUNTIME },
	{ FRAME_NATIVE, "read", "", "/lib64/libc.so.6", OWNER_RUNTIME },
	{ FRAME_NATIVE, "read", "", "", OWNER_RUNTIME },
	{ FRAME_NATIVE, "pick_cache", "c.c", "/srv/libcache.so", OWNER_PROGRAM },
	{ FRAME_NATIVE, "qsort_r", "", "/lib/x86_64-linux-gnu/libc-2.31.so", OWNER_RUNTIME },
	{ FRAME_NATIVE, "std::mutex::lock", "/usr/include/c++/12/bits/std_mutex.h", "/srv/app",
	  OWNER_RUNTIME },
	{ FRAME_NATIVE, "start_thread", "", "", OWNER_RUNTIME },
	{ FRAME_NATIVE, "0xc7bf", "", "/usr/bin/tail", OWNER_UNNAMED },
	{ FRAME_NATIVE, "??", "", "/usr/bin/tail", OWNER_UNNAMED },
	{ FRAME_NATIVE, "fn 0xc780", "", "/usr/bin/tail", OWNER_UNNAMED },
	{ FRAME_NATIVE, "builtin_exec", "", "/usr/bin/python3.11", OWNER_STANDARD },
	{ FRAME_NATIVE, "", "", "/srv/app", OWNER_RUNTIME },
	{ FRAME_KERNEL, "io_schedule", "", "", OWNER_RUNTIME },
};

static uint32_t add_word(struct snapshot *snapshot, const char *text)
{
	return *text ? intern_add(snapshot->intern, span_of(text)) : 0;
}

static struct frame make_frame(struct snapshot *snapshot, size_t row)
{
	return (struct frame){
		.kind = rows[row].kind,
		.name = add_word(snapshot, rows[row].name),
		.file = add_word(snapshot, rows[row].file),
		.module = add_word(snapshot, rows[row].module),
	};
}

static void test_owners(void **state)
{
	struct snapshot snapshot = { .intern = intern_create() };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame = make_frame(&snapshot, i);
		enum frame_owner owner = frame_owner_of(&snapshot, &frame);

		if (owner != rows[i].owner)
			fail_msg("%s (%s, %s): %d, not %d", rows[i].name, rows[i].file,
			         rows[i].module, owner, rows[i].owner);
	}
	intern_destroy(snapshot.intern);
}

/* Root first: `names` of rows; the place and the function that it calls. */
static void check_place(const char *const *names, size_t count, const char *place,
                        const char *through)
{
	struct snapshot snapshot = { .intern = intern_create() };
	struct frame frames[8];
	struct snapshot_thread thread = { .frames = frames, .frame_count = count };
	const struct frame *called, *found;

	for (size_t i = 0; i < count; i++)
		for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
			if (!strcmp(rows[row].file, names[i]) || !strcmp(rows[row].name, names[i]))
				frames[i] = make_frame(&snapshot, row);
	found = own_frame_find(&snapshot, &thread, &called);
	assert_true(span_eq(intern_get(snapshot.intern, found ? found->name : 0), span_of(place)));
	assert_true(
	        span_eq(intern_get(snapshot.intern, called ? called->name : 0), span_of(through)));
	intern_destroy(snapshot.intern);
}

#define PLACE(place, through, ...)                                                                 \
	check_place((const char *[]){ __VA_ARGS__ },                                               \
	            sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), place, through)

static void test_places(void **state)
{
	(void)state;
	PLACE("handler", "read", "handler", "/usr/lib/python3/dist-packages/redis/client.py");
	PLACE("handler", "", "worker", "handler");
	PLACE("pay", "", "pay", "read");
	PLACE("worker", "", "start_thread", "worker", "futex_wait");
	PLACE("PQgetResult", "", "start_thread", "PQgetResult");
	PLACE("", "", "start_thread", "futex_wait");
	PLACE("", "", "builtin_exec", "start_thread");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
