/* The mounts of a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/proc/mount_table.h"

static const char text[] =
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
        "24 27 0:6 / /dev rw - devtmpfs devtmpfs rw\n"
        "40 27 0:50 / /mnt/my\\040data rw,relatime shared:3 master:1 - nfs4 box:/srv rw,vers=4.2\n"
        "41 27 0:51 / /home rw - autofs /etc/auto.home rw,fd=6,pgrp=812,timeout=300\n"
        "42 27 0:52 / /media/a rw - fuse.sshfs me@box: rw,user_id=1000\n"
        "43 27 0:53 / /media/a rw - tmpfs none rw\n";

static void test_paths(void **state)
{
	static const struct {
		const char *path, *wanted;
		bool remote, virtual;
	} rows[] = {
		{ "/", "ext4 /dev/vda at /", false, false },
		{ "/devices", "ext4 /dev/vda at /", false, false },
		{ "/dev/tty", "devtmpfs devtmpfs at /dev", false, true },
		{ "/mnt/my data", "nfs4 box:/srv at /mnt/my data", true, false },
		{ "/mnt/my data/x/y", "nfs4 box:/srv at /mnt/my data", true, false },
		{ "/home/joe", "autofs /etc/auto.home at /home", true, false },
		{ "/media/a/b", "tmpfs none at /media/a", false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf found = { 0 };
		struct mount_row row;

		assert_true(mount_table_find_path(span_of(text), span_of(rows[i].path), &row));
		mount_describe(&row, &found);
		if (!span_eq(buf_span(&found), span_of(rows[i].wanted)) ||
		    mount_is_remote(&row) != rows[i].remote ||
		    mount_is_virtual(&row) != rows[i].virtual)
			fail_msg("%s: %.*s", rows[i].path, SPAN_ARG(buf_span(&found)));
		buf_deinit(&found);
	}
}

static void test_ids(void **state)
{
	struct mount_row row;

	(void)state;
	assert_true(mount_table_find_id(span_of(text), 41, &row));
	assert_int_equal(row.minor, 51);
	assert_int_equal(mount_option(&row, "pgrp"), 812);
	assert_int_equal(mount_option(&row, "timeout"), 300);
	assert_int_equal(mount_option(&row, "grp"), 0);
	assert_false(mount_table_find_id(span_of(text), 99, &row));
	assert_false(mount_table_find_id(SPAN_LIT("not a row\n\n1 2 3"), 1, &row));
	assert_false(mount_table_find_path(SPAN_LIT(""), SPAN_LIT("/"), &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
