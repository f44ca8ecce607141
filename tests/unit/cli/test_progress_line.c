/* The progress line: its text in each state, and that it is erased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/commands/progress_line.h"

#define CLEAR "\r\033[K"

static int saved = -1;
static FILE *caught;

static void catch_stderr(void)
{
	fflush(stderr);
	caught = tmpfile();
	saved = dup(STDERR_FILENO);
	assert_non_null(caught);
	assert_true(saved >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0);
}

/* *ret: the text that was printed since catch_stderr. */
static void release_stderr(char *ret, size_t len)
{
	size_t got;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(caught);
	got = fread(ret, 1, len - 1, caught);
	ret[got] = '\0';
	fclose(caught);
}

static void test_lines(void **state)
{
	static const struct {
		struct progress_line progress;
		struct profile_builder_progress so_far;
		double left;
		const char *line;
	} rows[] = {
		{ { .on = true, .asked = 9 },
		  { 0 },
		  -1,
		  CLEAR "pmp: gdb reads symbols, the target runs on ..." CLEAR },
		{ { .on = true, .asked = 200 },
		  { 0 },
		  20,
		  CLEAR "pmp: 0 of 200 samples, 0 %, 20 s left" CLEAR },
		{ { .on = true, .asked = 200 },
		  { .taken = 50, .last_pause_us = 1234, .max_pause_us = 56789 },
		  15.2,
		  CLEAR "pmp: 50 of 200 samples, 25 %, 15 s left, pause 1.2 ms (max 56.8)" CLEAR },
		/* The percentage counts failed samples too. */
		{ { .on = true, .asked = 200 },
		  { .taken = 50, .failed = 100, .last_pause_us = 100, .max_pause_us = 100 },
		  5,
		  CLEAR "pmp: 50 of 200 samples, 75 %, 5 s left, pause 0.1 ms (max 0.1), 100 "
		        "failed" CLEAR },
		/* --children: the number of samples is unknown. */
		{ { .on = true }, { 0 }, 3, CLEAR "pmp: 0 samples, 3 s left" CLEAR },
		{ { .on = false, .asked = 200 }, { .taken = 50 }, 15, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct progress_line progress = rows[i].progress;
		char got[512];

		catch_stderr();
		progress_line_show(&progress, &rows[i].so_far, rows[i].left);
		progress_line_erase(&progress);
		progress_line_erase(&progress); /* does nothing: it is erased already */
		release_stderr(got, sizeof(got));
		assert_string_equal(got, rows[i].line);
	}
}

static void test_no_terminal(void **state)
{
	struct progress_line progress;

	(void)state;
	catch_stderr();
	progress_line_init(&progress, false, 1);
	release_stderr((char[1]){ 0 }, 1);
	assert_false(progress.on);
	progress_line_init(&progress, true, 1);
	assert_false(progress.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
