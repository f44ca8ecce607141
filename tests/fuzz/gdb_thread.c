/* Thread headers: spans are inside the line; a line that is no header is unchanged. */
#include "tests/fuzz/oracle.h"

#include "merger/parse/gdb_thread.h"

static void check_thread_line(struct span line)
{
	struct span rest = line;
	struct gdb_thread thread;

	if (!gdb_thread_parse(&rest, &thread)) {
		CHECK(rest.ptr == line.ptr && rest.len == line.len, "moved");
		return;
	}
	CHECK(!rest.len, "%zu bytes left", rest.len);
	CHECK(gdb_thread_starts(span_trim(line)) || thread.is_switch, "begins as none does");
	oracle_inside(thread.name, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, check_thread_line);
	return 0;
}
