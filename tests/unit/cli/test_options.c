/* The command line: each row has typed words and the expected options or error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options/option_parser.h"
#include "cli/options/value_hint.h"
#include "merger/base/suggest.h"
#include "cli/options/option_table.h"
#include "merger/formats/format.h"

#define WORDS_MAX 32

/* Prints all options that differ from their defaults, in one line. */
static void render(const struct options *o, struct buf *out)
{
	static const char *const modes[] = { "seize", "plain" };
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ o->children, "children" }, { o->instant, "instant" },
		{ o->threads, "threads" },   { o->lines, "lines" },
		{ o->glue, "glue" },         { o->full_paths, "full-paths" },
		{ o->quiet, "quiet" },       { o->help, "help" },
		{ o->version, "version" },
	};

	for (size_t i = 0; i < o->pid_count; i++)
		buf_printf(out, " pid=%u", o->pids[i]);
	if (o->samples)
		buf_printf(out, " n=%u", (unsigned)o->samples);
	if (o->rate_hz < 10 || o->rate_hz > 10)
		buf_printf(out, " r=%g", o->rate_hz);
	if (o->seconds > 0)
		buf_printf(out, " d=%g", o->seconds);
	if (o->attach != ATTACH_SEIZE)
		buf_printf(out, " attach=%s", modes[o->attach]);
	if (o->gdb)
		buf_printf(out, " gdb=%s", o->gdb);
	if (o->save_raw)
		buf_printf(out, " raw=%s", o->save_raw);
	if (o->output)
		buf_printf(out, " o=%s", o->output);
	if (o->format)
		buf_printf(out, " f=%s", o->format->name);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].set)
			buf_printf(out, " %s", flags[i].name);
	for (size_t i = 0; i < o->operand_count; i++)
		buf_printf(out, " [%s]", o->operands[i]);
	buf_add(out, "", 1);
}

/* Splits `line` at blanks; "''" is the empty word. */
static int split(char *line, char **words)
{
	int count = 0;

	words[count++] = (char *)"pmp";
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		assert_true(count < WORDS_MAX - 1);
		words[count++] = strcmp(word, "''") ? word : (char *)"";
	}
	words[count] = NULL;
	return count;
}

/* Stores the rendered options that `typed` gives, or "2: " and the error message. */
static void parse(const char *command, const char *typed, char *ret, size_t cap)
{
	struct options options;
	struct error err = { 0 };
	struct buf out = { 0 };
	char *words[WORDS_MAX];
	char line[512];
	int count;

	snprintf(line, sizeof(line), "%s", typed);
	count = split(line, words);
	if (options_parse(&options, command_by_name(command), count, words, &err)) {
		assert_int_equal(err.code, ERROR_NONE);
		render(&options, &out);
		snprintf(ret, cap, "%s", out.len > 1 ? out.ptr + 1 : "");
	} else {
		snprintf(ret, cap, "%d: %s", (int)err.code, err.text);
	}
	options_deinit(&options);
	buf_deinit(&out);
}

static const struct row {
	const char *command, *typed, *wanted;
} good[] = {
	{ "record", "-p 7", "pid=7 n=200" },
	{ "record", "-p7", "pid=7 n=200" },
	{ "record", "--pid 7", "pid=7 n=200" },
	{ "record", "--pid=7", "pid=7 n=200" },
	{ "record", "-p 1,2,3", "pid=1 pid=2 pid=3 n=200" },
	{ "record", "-p 1 -p 2,3 --pid=4", "pid=1 pid=2 pid=3 pid=4 n=200" },
	{ "record", "-p 5,5 -p 5", "pid=5 n=200" },
	{ "record", "-p 4194304", "pid=4194304 n=200" },
	{ "record", "-p 007", "pid=7 n=200" },
	{ "record", "-p 1 -n 5", "pid=1 n=5" },
	{ "record", "-p 1 -n5", "pid=1 n=5" },
	{ "record", "-p 1 -n 5 -n 6", "pid=1 n=6" },
	{ "record", "-p 1 -d 2.5", "pid=1 d=2.5" },
	{ "record", "-p 1 -d .5", "pid=1 d=0.5" },
	{ "record", "-p 1 -d 3 -n 10", "pid=1 n=10 d=3" },
	{ "record", "-p 1 -r 99.5", "pid=1 n=200 r=99.5" },
	{ "record", "-p 1 -r 0.001", "pid=1 n=200 r=0.001" },
	{ "record", "-p 1 --attach plain", "pid=1 n=200 attach=plain" },
	{ "record", "-p 1 --attach=plain --attach seize", "pid=1 n=200" },
	{ "record", "-p 1 --attach plain --attach each", "pid=1 n=200" },
	{ "record", "-p 1 --attach plain --attach=once", "pid=1 n=200" },
	{ "record", "-p 1 --gdb /opt/gdb --save-raw r.txt", "pid=1 n=200 gdb=/opt/gdb raw=r.txt" },
	{ "record", "-p 1 -o x.yaml", "pid=1 n=200 o=x.yaml" },
	{ "record", "-p 1 -o - -f yaml", "pid=1 n=200 o=- f=yaml" },
	{ "record", "-p 1 -o=x", "pid=1 n=200 o==x" },
	{ "record", "-tqp1", "pid=1 n=200 threads quiet" },
	{ "record", "-qp1 -tn3", "pid=1 n=3 threads quiet" },
	{ "record", "-p1 --children --instant --lines --glue --full-paths --threads --quiet",
	  "pid=1 n=200 children instant threads lines glue full-paths quiet" },
	{ "record", "-V", "version" },
	{ "record", "-V --gdb g", "gdb=g version" },
	{ "fold", "", "" },
	{ "fold", "-", "[-]" },
	{ "fold", "a b.gz - c", "[a] [b.gz] [-] [c]" },
	{ "fold", "a -t b --lines", "threads lines [a] [b]" },
	{ "fold", "-t -- -x --glue --", "threads [-x] [--glue] [--]" },
	{ "fold", "''", "[]" },
	{ "run", "prog", "[prog]" },
	{ "run", "-n 5 -q prog -n 7 -- x", "n=5 quiet [prog] [-n] [7] [--] [x]" },
	{ "run", "-d 2 -- -prog -x", "d=2 [-prog] [-x]" },
	{ "show", "p.yaml", "[p.yaml]" },
	{ "show", "p.yaml -f collapsed --full-paths -o o.txt",
	  "o=o.txt f=collapsed full-paths [p.yaml]" },
};

/* `wanted` is a part of the message; the code is always 2. */
static const struct row bad[] = {
	{ "record", "", "which process? pmp -p PID" },
	{ "record", "-t", "pmp fold [FILE...]" },
	{ "record", "-p", "-p lacks its value: -p PID" },
	{ "record", "--pid", "--pid lacks its value" },
	{ "record", "-p ''", "'' is no process id" },
	{ "record", "--pid=", "'' is no process id" },
	{ "record", "-p 0", "'0' is no process id" },
	{ "record", "-p -5", "'-5' is no process id" },
	{ "record", "-p 1,", "'1,' is no process id" },
	{ "record", "-p ,1", "',1' is no process id" },
	{ "record", "-p 1,,2", "'1,,2' is no process id" },
	{ "record", "-p 4194305", "from 1 to 4194304" },
	{ "record", "-p 99999999999999999999999", "is no process id" },
	{ "record", "-p 0x10", "is no process id" },
	{ "record", "-p python3", "'python3' is no process id" },
	{ "record", "-p \x1b[31m", "'\\x1b[31m' is no process id" },
	{ "record", "-p 1 -n 0", "-n: '0' is no number of samples" },
	{ "record", "-p 1 -n -1", "'-1' is no number" },
	{ "record", "-p 1 -n 1.5", "a whole number from 1 to 10000000" },
	{ "record", "-p 1 --samples 10000001", "--samples: '10000001'" },
	{ "record", "-p 1 -n 18446744073709551617", "is no number of samples" },
	{ "record", "-p 1 -n 5x", "'5x' is no number" },
	{ "record", "-p 1 -r 0", "-r: '0' is no rate" },
	{ "record", "-p 1 -r nan", "'nan' is no rate" },
	{ "record", "-p 1 -r inf", "'inf' is no rate" },
	{ "record", "-p 1 -r 1e2", "'1e2' is no rate" },
	{ "record", "-p 1 -r 0x1", "'0x1' is no rate" },
	{ "record", "-p 1 -r .", "'.' is no rate" },
	{ "record", "-p 1 -r 1.2.3", "'1.2.3' is no rate" },
	{ "record", "-p 1 -r 1000.1", "to 1000" },
	{ "record", "-p 1 -r 10Hz", "samples per second" },
	{ "record", "-p 1 -d 0", "'0' is no duration" },
	{ "record", "-p 1 -d 0.0", "'0.0' is no duration" },
	{ "record", "-p 1 -d -3", "'-3' is no duration" },
	{ "record", "-p 1 -d 10s", "it wants seconds" },
	{ "record", "-p 1 -d 31536001", "at most 31536000" },
	{ "record", "-p 1 --attach never", "it wants seize|plain" },
	{ "record", "-p 1 --attach seiez",
	  "'seiez' is no way to attach (did you mean seize?); it" },
	{ "record", "-p 1 --attach dump", "'dump' is no way to attach; it wants seize|plain" },
	{ "record", "-p 1 -f yalm",
	  "-f: 'yalm' is no format (did you mean yaml?); it wants tree|" },
	{ "show", "--weight=cpuu p", "--weight: 'cpuu' is no weight (did you mean cpu?); it" },
	{ "record", "-p 1 -f xml",
	  "it wants tree|flat|yaml|json|collapsed|svg|trace|speedscope|pprof|callgrind|timeline" },
	{ "record", "-p 1 -o ''", "-o: the name is empty" },
	{ "record", "-p 1 --gdb=", "--gdb: the name is empty" },
	{ "record", "-p 1 --save-raw -", "wants a file" },
	{ "record", "-p 1 --save-raw x.txt -o x.txt", "the same file" },
	{ "record", "-p 1 x", "record takes no files: 'x'" },
	{ "record", "4711", "to sample that process: pmp -p 4711" },
	{ "record", "-p 1 -x", "there is no option -x" },
	{ "record", "-p 1 -t5", "there is no option -5" },
	{ "record", "-p 1 --thraeds", "did you mean --threads?" },
	{ "record", "-p 1 --ouptut=x", "did you mean --output?" },
	{ "record", "-p 1 --full_paths", "did you mean --full-paths?" },
	{ "record", "-p 1 --xyzzy", "there is no option --xyzzy; see pmp help record" },
	{ "record", "-p 1 --x\x1b", "there is no option --x\\x1b" },
	{ "record", "-p 1 -lines", "there is no option -l (did you mean --lines?)" },
	{ "show", "--outptu x",
	  "there is no option --outptu (did you mean --output?); see pmp help show" },
	{ "show", "-n 5", "show does not take -n, which is an option of record" },
	{ "record", "-p 1 --lines=1", "--lines takes no value" },
	{ "fold", "-p 1", "fold does not take -p, which is an option of record, top and dump" },
	{ "fold", "--children",
	  "fold does not take --children, which is an option of record, run, top and dump" },
	{ "show", "--glue x",
	  "show does not take --glue, which is an option of record, run, top, dump and fold" },
	{ "show", "", "show needs a profile" },
	{ "run", "-n 5", "which program?" },
	{ "run", "--save-raw - x", "--save-raw wants a file" },
	{ "show", "a b", "show takes one file at a time: 'b'" },
	{ "help", "a b", "help takes one word: 'b'" },
	{ "show", "x -f folded", "-f: 'folded' is no format (did you mean collapsed?)" },
	{ "show", "x --from 3 --to 3", "--from is not before --to" },
	{ "show", "x --from -2 --to -3", "--from is not before --to" },
};

static void test_good(void **state)
{
	char got[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		parse(good[i].command, good[i].typed, got, sizeof(got));
		if (strcmp(got, good[i].wanted))
			fail_msg("pmp %s %s\n   got: %s\nwanted: %s", good[i].command,
			         good[i].typed, got, good[i].wanted);
	}
}

static void test_bad(void **state)
{
	char got[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(bad[i].command, bad[i].typed, got, sizeof(got));
		if (strncmp(got, "2: ", 3) || !strstr(got, bad[i].wanted))
			fail_msg("pmp %s %s\n   got: %s\nwanted: %s", bad[i].command, bad[i].typed,
			         got, bad[i].wanted);
	}
}

/* The properties that help and messages need of a row. */
static void test_table(void **state)
{
	const struct option_row *row, *other;

	(void)state;
	for (size_t i = 0; (row = option_table_at(i)); i++) {
		assert_true(strlen(row->name) > 1 && strlen(row->name) < 32);
		assert_true(row->help[0] && row->parse && row->commands);
		assert_int_equal(row->commands & ~(unsigned)COMMAND_EVERY, 0);
		for (size_t k = 0; k < i; k++) {
			other = option_table_at(k);
			assert_string_not_equal(row->name, other->name);
			assert_true(!row->letter || row->letter != other->letter);
		}
	}
}

/* Parses an example from "pmp" to the end of that shell command. */
static void check_example(const struct command_example *example)
{
	const char *line = example->line, *from = strstr(line, "pmp ");
	struct options options;
	struct error err = { 0 };
	char words_text[256], *words[WORDS_MAX];
	const struct command *command;
	int count, named;

	assert_non_null(from);
	if (strlen(line) > 68 || strlen(example->what) > 76)
		fail_msg("longer than 80 columns as it is shown: %s", line);
	snprintf(words_text, sizeof(words_text), "%.*s", (int)strcspn(from, "|;>)"), from);
	count = split(words_text, words) - 1;
	named = count > 1 && words[2][0] != '-';
	command = named ? command_by_name(words[2]) : command_at(0);
	assert_non_null(command);
	if (!options_parse(&options, command, count - named, words + 1 + named, &err))
		fail_msg("%s: %s", line, err.text);
	options_deinit(&options);
}

/* The properties that help, the man page and completion need of a command's row. */
static void test_command_table(void **state)
{
	const struct command *command;

	(void)state;
	for (size_t i = 0; (command = command_at(i)); i++) {
		const struct command_example *example = command->examples;

		assert_true(command->text[0] && command->summary[0]);
		assert_int_equal(command->max_operands > 0, command->operand != NULL);
		assert_int_equal(command->min_operands > 0, command->needs != NULL);
		assert_non_null(example->line);
		/* 80 columns, in --help and in the man page */
		assert_true(strlen(command->usage) <= 74 && strlen(command->summary) <= 74);
		for (; example < command->examples + COMMAND_EXAMPLES && example->line; example++)
			check_example(example);
	}
}

static void test_arguments(void **state)
{
	static const struct {
		const char *value_name;
		enum value_hint kind;
		const char *second; /* choice */
	} rows[] = {
		{ NULL, VALUE_HINT_TEXT, "" },
		{ "SECONDS", VALUE_HINT_TEXT, "" },
		{ "FILE", VALUE_HINT_FILE, "" },
		{ "FILE...", VALUE_HINT_FILE, "" },
		{ "PID[,PID...]", VALUE_HINT_PIDS, "" },
		{ "PROGRAM", VALUE_HINT_PROGRAM, "" },
		{ "wall|cpu", VALUE_HINT_CHOICE, "cpu" },
		{ "once|each|plain", VALUE_HINT_CHOICE, "each" },
		{ "FORMAT", VALUE_HINT_CHOICE, "flat" },
	};
	struct span choice = { "", 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(value_hint_of(rows[i].value_name), rows[i].kind);
		if (rows[i].kind == VALUE_HINT_CHOICE)
			assert_true(value_hint_choice_at(rows[i].value_name, 1, &choice));
		assert_true(rows[i].kind != VALUE_HINT_CHOICE ||
		            span_eq(choice, span_of(rows[i].second)));
	}
	assert_false(value_hint_choice_at("wall|cpu", 2, &choice));
}

static void test_commands(void **state)
{
	(void)state;
	assert_ptr_equal(command_by_name("record"), command_at(0));
	assert_string_equal(command_by_name("fold")->name, "fold");
	assert_null(command_by_name("fol"));
	assert_null(command_by_name(""));
}

static void test_hint(void **state)
{
	static const struct {
		const char *word, *wanted;
	} rows[] = {
		{ "record", " (did you mean --record?)" },
		{ "recrod", " (did you mean --record?)" },
		{ "rec", " (did you mean --record?)" },
		{ "flod", " (did you mean --fold?)" },
		{ "folder", " (did you mean --fold?)" },
		{ "shwo", " (did you mean --show?)" },
		{ "x", "" },
		{ "completely", "" },
		{ "", "" },
		{ "dump", "" },
		{ "a-word-that-is-longer-than-any-of-them", "" },
	};
	static const char *const known[] = { "record", "fold", "show" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct suggestion hint = { .word = span_of(rows[i].word) };

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			suggest_try(&hint, span_of(known[k]));
		assert_string_equal(suggest_text(&hint, "--"), rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),
		cmocka_unit_test(test_table),     cmocka_unit_test(test_commands),
		cmocka_unit_test(test_hint),      cmocka_unit_test(test_command_table),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
