/* output_file: a file appears complete or not at all. A row is the directory before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/os/output_file.h"

static char *old_directory;

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	static char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/pmp-test-output-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	old_directory = getcwd(NULL, 0);
	umask(022);
	if (!old_directory || !mkdtemp(path) || chdir(path))
		return -1;
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void expect(const char *path, const char *wanted)
{
	char got[256] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, wanted);
}

/* Empties the directory; returns how many entries it had. */
static int sweep(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		count++;
		if (unlink(entry->d_name))
			rmdir(entry->d_name);
	}
	closedir(dir);
	return count;
}

static int teardown(void **state)
{
	char *path = getcwd(NULL, 0);

	(void)state;
	sweep();
	if (chdir(old_directory) || rmdir(path))
		return -1;
	free(path);
	free(old_directory);
	return 0;
}

static void before_file(void)
{
	put("x", "old", 0640);
}

static void before_link(void)
{
	put("real", "old", 0600);
	assert_int_equal(symlink("real", "x"), 0);
}

static void before_chain(void)
{
	put("real", "old", 0604);
	assert_int_equal(symlink("./real", "middle"), 0);
	assert_int_equal(symlink("middle", "x"), 0);
}

static void before_dangling(void)
{
	assert_int_equal(symlink("real", "x"), 0);
}

static void before_nothing(void)
{
}

static const struct row {
	const char *name;
	void (*before)(void);
	const char *path,
	        *real; /* the path that is opened, and the file that holds the text then */
	mode_t mode;
	int entries; /* in the directory after a commit; one less if there was no file */
	bool existed;
} rows[] = {
	{ "new", before_nothing, "x", "x", 0644, 1, false },
	{ "new in a directory", before_nothing, "./x", "./x", 0644, 1, false },
	{ "old", before_file, "x", "x", 0640, 1, true },
	{ "link", before_link, "x", "real", 0600, 2, true },
	{ "links", before_chain, "x", "real", 0604, 3, true },
	{ "dangling link", before_dangling, "x", "real", 0644, 2, false },
};

static void begin(struct output_file *output, const char *path)
{
	struct error err = { 0 };

	assert_true(output_file_check(path, &err));
	if (!output_file_open(output, path, &err))
		fail_msg("%s", err.text);
	fputs("new text", output->file);
	fflush(output->file);
}

static void test_commit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = { 0 };
		struct output_file output;
		struct stat stat;

		print_message("# %s\n", rows[i].name);
		rows[i].before();
		begin(&output, rows[i].path);
		/* Before the commit, the file is unchanged. */
		if (rows[i].existed)
			expect(rows[i].real, "old");
		else
			assert_int_not_equal(access(rows[i].real, F_OK), 0);
		assert_true(output_file_commit(&output, &err));
		output_file_abandon(&output);
		expect(rows[i].real, "new text");
		assert_int_equal(lstat(rows[i].real, &stat), 0);
		assert_true(S_ISREG(stat.st_mode));
		assert_int_equal(stat.st_mode & 07777, rows[i].mode);
		assert_int_equal(sweep(), rows[i].entries);
	}
}

static void test_abandon(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct output_file output;

		print_message("# %s\n", rows[i].name);
		rows[i].before();
		begin(&output, rows[i].path);
		output_file_abandon(&output);
		output_file_abandon(&output);
		if (rows[i].existed)
			expect(rows[i].real, "old");
		assert_int_equal(sweep(), rows[i].entries - !rows[i].existed);
	}
}

/* Without O_TMPFILE a temporary name is used; it is removed too. */
static void test_failed_commit(void **state)
{
	struct error err = { 0 };
	struct output_file output;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	begin(&output, "d/x");
	/* Meanwhile a directory appears, which a rename cannot replace. */
	assert_int_equal(mkdir("d/x", 0755), 0);
	assert_false(output_file_commit(&output, &err));
	assert_int_equal(err.code, ERROR_OUTPUT);
	assert_non_null(strstr(err.text, "cannot write d/x: "));
	assert_int_equal(rmdir("d/x"), 0);
	assert_int_equal(rmdir("d"), 0);
	assert_int_equal(sweep(), 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *path, *why;
	} refused[] = {
		{ "none/x", "directory none/: No such file" },
		{ "d", "Is a directory" },
		{ "d/", "Is a directory" },
		{ "none/", "ends in a slash" },
		{ "x/y", "Not a directory" },
		{ "loop", "Too many levels of symbolic links" },
		{ "/proc/self/fd/999", "No such file" },
		{ "/dev/fd/999", "No such file" },
	};

	(void)state;
	put("x", "old", 0644);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct error err = { 0 }, open_err = { 0 };
		struct output_file output;

		assert_false(output_file_check(refused[i].path, &err));
		assert_false(output_file_open(&output, refused[i].path, &open_err));
		output_file_abandon(&output);
		assert_int_equal(err.code, ERROR_OUTPUT);
		assert_string_equal(err.text, open_err.text);
		if (!strstr(err.text, refused[i].why))
			fail_msg("%s: %s", refused[i].path, err.text);
	}
	assert_int_equal(sweep(), 3);
}

static void test_write_protected(void **state)
{
	struct error err = { 0 };

	(void)state;
	put("x", "old", 0444);
	if (!access("x", W_OK)) {
		sweep();
		print_message("# root may write everything\n");
		skip();
	}
	assert_false(output_file_check("x", &err));
	assert_non_null(strstr(err.text, "Permission denied"));
	sweep();
}

/* Devices, pipes and open descriptors are written in place. */
static void test_in_place(void **state)
{
	struct error err = { 0 };
	struct output_file output;
	char path[64], got[64] = "";
	int ends[2];
	int fd;

	(void)state;
	assert_true(output_file_open(&output, "/dev/null", &err));
	assert_null(output.target);
	fputs("gone", output.file);
	assert_true(output_file_commit(&output, &err));

	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	begin(&output, path);
	assert_true(output_file_commit(&output, &err));
	assert_int_equal(read(ends[0], got, sizeof(got) - 1), 8);
	assert_string_equal(got, "new text");
	close(ends[0]);
	close(ends[1]);

	/* As `pmp -o /dev/stdout >> x` does. */
	put("x", "old ", 0644);
	fd = open("x", O_WRONLY | O_APPEND);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	begin(&output, path);
	assert_true(output_file_commit(&output, &err));
	close(fd);
	expect("x", "old new text");
	assert_int_equal(sweep(), 1);
}

static void test_full(void **state)
{
	struct error err = { 0 };
	struct output_file output;

	(void)state;
	assert_true(output_file_open(&output, "/dev/full", &err));
	fputs("lost", output.file);
	assert_false(output_file_commit(&output, &err));
	assert_int_equal(err.code, ERROR_OUTPUT);
	assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_failed_commit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_write_protected),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("output", tests, setup, teardown);
}
