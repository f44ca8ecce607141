/* Logical lines: no input line is counted twice, all text is readable. */
#include "tests/fuzz/oracle.h"

#include "merger/parse/logical_lines.h"

#define LINE_MAX 200 /* short, so that lines are cut */

static void check_logical_line(void *ctx, const struct logical_line *line)
{
	uint64_t *count = ctx;
	unsigned sum = 0;

	*count += line->count;
	CHECK(line->count >= 1 && line->spare < line->count, "%zu spare of %zu", line->spare,
	      line->count);
	CHECK((line->kind == LINE_BLANK) == (line->text.len == 0), "kind %d", line->kind);
	/* Reads all bytes, so that a sanitizer checks them. */
	for (size_t i = 0; i < line->text.len; i++)
		sum += (unsigned char)line->text.ptr[i];
	CHECK(sum || !line->text.len || line->text.ptr[0] == '\0', "%u", sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t taken = 0;
	struct logical_lines *lines = logical_lines_create(check_logical_line, &taken);

	logical_lines_feed(lines, (const char *)data, size / 2, LINE_MAX);
	logical_lines_feed(lines, (const char *)data + size / 2, size - size / 2, LINE_MAX);
	logical_lines_finish(lines, LINE_MAX);
	/* gdb's "---Type <return>---" alone is not given out. */
	CHECK(taken <= logical_lines_count(lines), "%llu lines of %llu", (unsigned long long)taken,
	      (unsigned long long)logical_lines_count(lines));
	logical_lines_destroy(lines);
	return 0;
}
