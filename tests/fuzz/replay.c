/* replay FILE|DIRECTORY...: calls a target's entry point for each file, without a fuzzer, so that
 * any compiler can build it. The last line has the number of files. */
#include "tests/fuzz/oracle.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "merger/base/buf.h"

static size_t replayed;

static void run_file(const char *path)
{
	struct buf bytes = { 0 };
	FILE *in = fopen(path, "rb");
	uint8_t *copy;
	size_t got;

	CHECK(in, "%s: %s", path, strerror(errno));
	do {
		got = fread(buf_reserve(&bytes, 65536), 1, 65536, in);
		bytes.len += got;
	} while (got);
	fclose(in);
	/* A copy of the exact size, so that a sanitizer detects a read past its end. */
	copy = malloc(bytes.len ? bytes.len : 1);
	memcpy(copy, bytes.ptr, bytes.len);
	/* Names the file in case of a crash. */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(copy, bytes.len);
	free(copy);
	buf_deinit(&bytes);
	replayed++;
}

static void run_path(const char *path)
{
	struct dirent **names;
	struct stat stat_of;
	int count;

	CHECK(stat(path, &stat_of) == 0, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(stat_of.st_mode)) {
		run_file(path);
		return;
	}
	count = scandir(path, &names, NULL, alphasort);
	CHECK(count >= 0, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		char *inner = NULL;

		CHECK(asprintf(&inner, "%s/%s", path, names[i]->d_name) > 0, "no memory");
		if (names[i]->d_name[0] != '.')
			run_path(inner);
		free(inner);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	fprintf(stderr, "%zu replayed\n", replayed);
	return 0;
}
