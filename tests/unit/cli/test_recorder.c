/* What is recorded, in which order, and what is not read of a target in state D. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "subject.h"

#include <sys/mman.h>

#include "merger/parse/marker.h"
#include "recording.h"

/* Each call of the recorder: the line that comes of it. */
static void test_lines(void **state)
{
	struct process_thread lost[] = { { .tid = 8 }, { .tid = 9 } };
	const struct process_threads none = { 0 }, two = { lost, 2, 2 };
	struct recording recording;
	struct recorder *recorder = &recording.recorder;

	(void)state;
	recording_init(&recording, true);
	recorder_late(recorder, 7, 4711);
	recorder_failed(recorder, 8, 4711, 1500000, "no way\n", &two);
	recorder_failed(recorder, 9, 4711, 0, "", &none);
	recorder_note(recorder, 4711, "%d of 100%% = x", 5);
	recorder_text(recorder, (struct span){ NULL, 0 });
	recorder_text(recorder, SPAN_LIT("#0  f ()\n"));
	recorder_stop(recorder, 2500001, 1234, false);
	recorder_stop(recorder, 2500001, 1234, true);
	assert_string_equal(
	        recording_text(&recording.text),
	        "~pmp late sample=7 pid=4711\n"
	        "~pmp failed sample=8 pid=4711 time_us=1500000 why=no%20way%0A tid=8 tid=9\n"
	        "~pmp failed sample=9 pid=4711 time_us=0 why=gdb%20does%20not%20say%20why\n"
	        "~pmp note pid=4711 text=5%20of%20100%25%20=%20x\n"
	        "#0  f ()\n"
	        "~pmp stop seconds=2.500001 stopped_us=1234\n"
	        "~pmp stop seconds=2.500001 stopped_us=1234 interrupted=1\n");
	assert_string_equal(recording_text(&recording.notes), "5 of 100% = x\n");
	recording_deinit(&recording);
}

/* Lines from before the start of the run come after those of the run and its targets. */
static void test_order(void **state)
{
	static const char *const parts[] = {
		"~pmp run version=1 started=20",
		"rate=2.5 samples=30 attach=seize host=",
		"~pmp target pid=4294967295\n",
		"~pmp note pid=1 text=early\n",
		"early text\n",
		"~pmp late sample=1 pid=1\n",
	};
	struct recording recording;
	struct recorder *recorder = &recording.recorder;
	const char *at;

	(void)state;
	recording_init(&recording, false);
	recorder_note(recorder, 1, "early");
	recorder_text(recorder, SPAN_LIT("early text\n"));
	assert_string_equal(recording_text(&recording.text), "");
	assert_string_equal(recording_text(&recording.notes), "early\n"); /* the user is told now */
	recorder_open(recorder, "seize", 2.5, 30);
	recorder_target(recorder, UINT32_MAX);
	assert_false(recording_has(&recording, "early"));
	recorder_flush_pending(recorder);
	recorder_late(recorder, 1, 1);
	at = recording_text(&recording.text);
	assert_true(span_starts(span_of(at), span_of(parts[0])));
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		print_message("%s\n", parts[i]);
		at = strstr(at, parts[i]);
		assert_non_null(at);
	}
	assert_int_equal(recording_count(&recording, "early"), 2);
	recording_deinit(&recording);
}

/* The sink's first error is kept, and nothing is written after it: half a line is no recording. */
static void test_full(void **state)
{
	struct recording recording;
	struct recorder *recorder = &recording.recorder;

	(void)state;
	recording_init(&recording, true);
	recording.full_after = 1;
	recorder_late(recorder, 1, 1);
	recorder_late(recorder, 2, 1);
	assert_int_equal(recorder->err.code, ERROR_OUTPUT);
	assert_string_equal(recorder->err.text, "no space left");
	recording.full_after = 9;
	recorder_late(recorder, 3, 1);
	recorder_note(recorder, 1, "still said");
	assert_string_equal(recording_text(&recording.text), "~pmp late sample=1 pid=1\n");
	assert_string_equal(recording_text(&recording.notes), "still said\n");
	recording_deinit(&recording);
}

/* A sink that wants no notes. */
static void test_no_notes(void **state)
{
	struct recording recording;

	(void)state;
	recording_init(&recording, true);
	recording.sink.note = NULL;
	recorder_note(&recording.recorder, 1, "x");
	assert_string_equal(recording_text(&recording.text), "~pmp note pid=1 text=x\n");
	recording_deinit(&recording);
}

/* A child whose executable has no name any more, with odd words on its command line. */
static pid_t start_odd_program(void)
{
	static char *const argv[] = { "a b", "", "x=1\n", "~pmp", NULL };
	static char *const envp[] = { NULL };
	int fd = memfd_create("odd name", MFD_CLOEXEC);
	char path[4096] = "", text[65536];
	FILE *from;
	pid_t pid;

	process_link((uint32_t)getpid(), "exe", path, sizeof(path));
	from = fopen(path, "re");
	assert_non_null(from);
	for (size_t got; (got = fread(text, 1, sizeof(text), from));)
		assert_int_equal(write(fd, text, got), got);
	fclose(from);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fexecve(fd, argv, envp);
		_exit(3);
	}
	close(fd);
	return pid;
}

/* Its link comes first in an exec, its arguments come last. */
static bool runs_as(pid_t pid, const char *exe)
{
	struct buf args = { 0 };
	char path[4096];
	bool has_args;

	process_link((uint32_t)pid, "exe", path, sizeof(path));
	has_args = process_read((uint32_t)pid, "cmdline", 4096, &args) && args.len;
	buf_deinit(&args);
	return has_args && strstr(path, exe);
}

static void test_target(void **state)
{
	struct recording recording;
	char wanted[200];
	pid_t pid = start_odd_program();

	(void)state;
	recording_init(&recording, true);
	AWAIT(runs_as(pid, "/memfd:odd name"));
	recorder_target(&recording.recorder, (uint32_t)pid);
	snprintf(wanted, sizeof(wanted),
	         "~pmp target pid=%d executable=/memfd:odd%%20name arg=a%%20b arg= arg=x=1%%0A "
	         "arg=~pmp\n",
	         pid);
	assert_string_equal(recording_text(&recording.text), wanted);
	recording_deinit(&recording);
}

/* cmdline and maps are read under a lock that a thread in state D may hold: pmp would hang. */
static void test_blocked(void **state)
{
	static const struct {
		const char *what;
		enum subject_kind kind;
		const char *arg;
		bool maps;
	} targets[] = {
		{ "it sleeps", SUBJECT_SLEEPS, "/test_recorder\n", true },
		{ "it is stopped", SUBJECT_STOPPED, "/test_recorder\n", true },
		{ "it is in state D", SUBJECT_BLOCKED, " arg=test_recorder\n", false },
		{ "it is a zombie", SUBJECT_ZOMBIE, " arg=test_recorder\n", false },
		{ "it has ended", SUBJECT_ENDED, "\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		struct recording recording;
		struct subject subject;
		uint64_t hash = 0;

		print_message("%s\n", targets[i].what);
		assert_true(subject_begin(&subject, targets[i].kind));
		recording_init(&recording, true);
		recorder_target(&recording.recorder, (uint32_t)subject.pid);
		assert_true(span_ends(span_of(recording_text(&recording.text)),
		                      span_of(targets[i].arg)));
		recorder_maps(&recording.recorder, (uint32_t)subject.pid, &hash);
		assert_int_equal(recording_count(&recording, "~pmp maps pid="), targets[i].maps);
		recording_deinit(&recording);
		subject_end(&subject);
	}
}

/* The mappings that can be executed, all of them anew when they have changed, and only then. */
static void test_maps(void **state)
{
	struct recording recording;
	struct recorder *recorder = &recording.recorder;
	uint32_t pid = (uint32_t)getpid();
	uint64_t hash = 0, before;
	size_t count, len = 4096;
	int fd = memfd_create("a library", MFD_CLOEXEC);
	void *code, *data;

	(void)state;
	recording_init(&recording, true);
	assert_int_equal(ftruncate(fd, (off_t)(3 * len)), 0);
	recorder_maps(recorder, pid, &hash);
	assert_int_equal(recording_count(&recording, "~pmp maps pid="), 1);
	count = recording_count(&recording, "~pmp map pid=");
	assert_true(count > 0);
	assert_true(recording_has(&recording, "/test_recorder\n"));
	assert_false(recording_has(&recording, "a%20library"));

	print_message("nothing has changed\n");
	before = hash;
	recorder_maps(recorder, pid, &hash);
	assert_int_equal(recording_count(&recording, "~pmp maps pid="), 1);
	assert_int_equal(hash, before);

	print_message("data came in, no code\n");
	data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(data, MAP_FAILED);
	recorder_maps(recorder, pid, &hash);
	assert_int_equal(recording_count(&recording, "~pmp maps pid="), 1);

	print_message("code came in\n");
	code = mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)len);
	assert_ptr_not_equal(code, MAP_FAILED);
	recorder_maps(recorder, pid, &hash);
	assert_int_equal(recording_count(&recording, "~pmp maps pid="), 2);
	assert_int_equal(recording_count(&recording, "~pmp map pid="), 2 * count + 1);
	assert_true(recording_has(&recording, " offset=0x1000 path=/memfd:a%20library\n"));

	munmap(code, len);
	munmap(data, len);
	close(fd);
	recording_deinit(&recording);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_no_notes),
		cmocka_unit_test_teardown(test_target, subjects_end),
		cmocka_unit_test_teardown(test_blocked, subjects_end),
		cmocka_unit_test(test_maps),
	};

	if (argc == 4 && !strcmp(argv[0], "a b")) /* start_odd_program's */
		subject_sleep_for_ever();
	return subject_is_emulated() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
