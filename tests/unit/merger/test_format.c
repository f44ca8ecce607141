#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "merger/formats/format.h"

static void assert_format(const struct format *format, const char *name)
{
	assert_string_equal(format ? format->name : "none", name);
}

static void test_find(void **state)
{
	static const struct {
		const char *file, *name;
	} files[] = {
		{ "a.yaml", "yaml" },
		{ "/x/a.yml", "yaml" },
		{ "a.folded", "collapsed" },
		{ "a.collapsed", "collapsed" },
		{ "a.txt", "collapsed" },
		{ "a.trace.json", "trace" },
		{ "a.yaml/b", "none" },
		{ "yaml", "none" },
		{ "a.speedscope.json", "speedscope" },
		{ "a.pb.gz", "pprof" },
		{ "a.pprof", "pprof" },
		{ "a.callgrind", "callgrind" },
		{ "/x/callgrind.out.4711", "callgrind" },
		{ "callgrind.out.4711.yaml", "callgrind" },
		{ "callgrind.out", "none" },
		{ "acallgrind.out.4711", "none" },
		{ "a.json", "json" },
		{ "trace.json", "json" },
		{ "a.svg", "svg" },
		{ "a.svg.gz", "none" },
		{ "", "none" },
		{ "a.YAML", "none" },
		{ "a.yaml.gz", "none" },
	};
	static const char *const names[] = { "tree",      "flat",      "yaml",    "json",
		                             "collapsed", "svg",       "trace",   "speedscope",
		                             "pprof",     "callgrind", "timeline" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_format(format_by_suffix(span_of(files[i].file)), files[i].name);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_format(format_by_name(span_of(names[i])), names[i]);
	assert_format(format_by_name(SPAN_LIT("yam")), "none");
	assert_format(format_by_name(SPAN_LIT("")), "none");
}

/* A format with `read` has `detect`, and all rows have the texts of --help. */
static void test_rows(void **state)
{
	size_t count = 0;

	(void)state;
	for (const struct format *format; (format = format_at(count)); count++) {
		assert_non_null(format->write);
		assert_non_null(format->summary);
		assert_int_equal(format->read != NULL, format->detect != NULL);
	}
	assert_int_equal(count, 11);
	assert_null(format_at(99));
}

static void test_read(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* NULL: it can be read */
	} texts[] = {
		{ "", NULL },
		{ "\n# nothing\n", NULL },
		{ "a;b 1\n", NULL },
		{ "pmp-profile: 1\nstacks: {total: 0}\ntree: []\n", NULL },
		{ "#0  0x1 in work () at w.c:3 (\n",
		  "t:1: no profile that can be read: neither pmp's .yaml "
		  "or .json nor collapsed stacks; text of gdb's is "
		  "for `pmp fold`" },
		{ "pmp-profile: x\n", "t:1: 'pmp-profile' is not a whole number: x" },
		{ "a 1\nb\n", "t:2: no weight: a line ends in a blank and a whole number" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		struct profile *profile = format_read(span_of(texts[i].text), "t", &err);

		assert_string_equal(profile ? "read" : err.text,
		                    texts[i].error ? texts[i].error : "read");
		profile_destroy(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
