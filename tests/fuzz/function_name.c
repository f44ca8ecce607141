/* Names and arguments: three spans of the text, in its order, without overlap. */
#include "tests/fuzz/oracle.h"

#include "merger/parse/function_class.h"
#include "merger/parse/function_name.h"

static void check_name(const struct function_name *found, struct span text)
{
	oracle_inside(found->name, text);
	oracle_inside(found->args, text);
	oracle_inside(found->rest, text);
	if (found->name.len && found->args.len)
		CHECK(found->name.ptr + found->name.len <= found->args.ptr,
		      "name and arguments overlap");
	if (found->args.len && found->rest.len)
		CHECK(found->args.ptr + found->args.len < found->rest.ptr,
		      "arguments and rest overlap");
	CHECK((unsigned)function_class_of(found->name) < CLASS_COUNT, "class");
}

static void check_name_line(struct span text)
{
	struct function_name found;

	function_name_parse(text, &found);
	check_name(&found, text);
	if (function_name_close(&found))
		CHECK(found.end == FUNCTION_NAME_CLOSED, "closed, and not");
	check_name(&found, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oracle_lines(data, size, check_name_line);
	return 0;
}
