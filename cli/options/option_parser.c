#include "cli/options/option_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options/option_table.h"
#include "merger/base/alloc.h"
#include "merger/base/printable.h"
#include "merger/base/suggest.h"

#define ASK_HELP "see pmp --help"
#define ASK_COMMAND "see pmp help %s" /* the command's name */

struct parsing {
	struct options *options;
	const struct command *command;
	char **words; /* the words not yet parsed; ends in NULL */
	struct error *err;
};

static const struct option_row *find_row_by_letter(char letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++)
		if (row->letter && row->letter == letter)
			return row;
	return NULL;
}

static const struct option_row *find_row_by_name(struct span name)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++)
		if (span_eq(span_of(row->name), name))
			return row;
	return NULL;
}

static void suggest_names(struct suggestion *hint, unsigned commands)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++)
		if (row->commands & commands)
			suggest_try(hint, span_of(row->name));
}

static bool report_unknown_name(struct parsing *parsing, struct span name)
{
	char *word = alloc_copy(name.ptr, name.len);
	struct suggestion hint = { .word = name };
	struct printable printable;

	/* Of two names that are equally near, the first is suggested: the command's own. */
	suggest_names(&hint, parsing->command->bit);
	suggest_names(&hint, (unsigned)COMMAND_EVERY);
	error_set(parsing->err, ERROR_USAGE, "there is no option --%s%s; " ASK_COMMAND,
	          printable_name(&printable, word), suggest_text(&hint, "--"),
	          parsing->command->name);
	free(word);
	return false;
}

static bool apply_option(struct parsing *parsing, const struct option_row *row, const char *typed,
                         const char *value)
{
	struct buf names = { 0 };

	if (row->commands & parsing->command->bit)
		return row->parse(parsing->options, row, typed, value, parsing->err);
	command_list(row->commands, &names);
	error_set(parsing->err, ERROR_USAGE,
	          "%s does not take %s, which is an option of %.*s; " ASK_COMMAND,
	          parsing->command->name, typed, SPAN_ARG(buf_span(&names)),
	          parsing->command->name);
	buf_deinit(&names);
	return false;
}

/* Stores the value of option `row`: the rest of its word (`attached`), or else the next word. */
static bool take_value(struct parsing *parsing, const struct option_row *row, const char *typed,
                       const char *attached, const char **ret)
{
	*ret = attached ? attached : *parsing->words;
	if (!*ret)
		return error_set(parsing->err, ERROR_USAGE,
		                 "%s lacks its value: %s %s; " ASK_COMMAND, typed, typed,
		                 row->value_name, parsing->command->name);
	if (!attached)
		parsing->words++;
	return true;
}

static bool parse_long(struct parsing *parsing, const char *word)
{
	const char *equals = strchr(word, '=');
	struct span name = { word, equals ? (size_t)(equals - word) : strlen(word) };
	const struct option_row *row = find_row_by_name(name);
	const char *value = NULL;
	char typed[64];

	if (!row)
		return report_unknown_name(parsing, name);
	snprintf(typed, sizeof(typed), "--%s", row->name);
	if (!row->value_name && equals)
		return error_set(parsing->err, ERROR_USAGE, "%s takes no value; " ASK_COMMAND,
		                 typed, parsing->command->name);
	if (row->value_name && !take_value(parsing, row, typed, equals ? equals + 1 : NULL, &value))
		return false;
	return apply_option(parsing, row, typed, value);
}

/* Suggests --lines for "-lines", a name with one dash too few. */
static bool report_unknown_letter(struct parsing *parsing, const char *word, const char *letter)
{
	struct suggestion hint = { 0 };
	const char alone[] = { *letter, '\0' };
	struct printable printable;

	if (find_row_by_name(span_of(word)))
		hint.best = span_of(word);
	return error_set(parsing->err, ERROR_USAGE, "there is no option -%s%s; " ASK_COMMAND,
	                 printable_name(&printable, *letter & 0x80 ? letter : alone),
	                 suggest_text(&hint, "--"), parsing->command->name);
}

/* Parses letters, of which the last may take a value: "-tq", "-n200", "-tn" "200". */
static bool parse_letters(struct parsing *parsing, const char *word)
{
	for (const char *letter = word; *letter; letter++) {
		const struct option_row *row = find_row_by_letter(*letter);
		const char typed[] = { '-', *letter, '\0' };
		const char *value = NULL;

		if (!row)
			return report_unknown_letter(parsing, word, letter);
		if (row->value_name &&
		    !take_value(parsing, row, typed, letter[1] ? letter + 1 : NULL, &value))
			return false;
		if (!apply_option(parsing, row, typed, value))
			return false;
		if (row->value_name)
			return true;
	}
	return true;
}

static void add_operand(struct options *options, const char *word)
{
	options->operands = alloc_grow(options->operands, &options->operand_cap,
	                               options->operand_count + 1, sizeof(*options->operands));
	options->operands[options->operand_count++] = word;
}

static bool parse_words(struct parsing *parsing)
{
	bool only_operands = false;
	const char *word;

	while ((word = *parsing->words)) {
		bool ok = true;

		parsing->words++;
		if (only_operands || word[0] != '-' || !word[1]) {
			add_operand(parsing->options, word);
			only_operands |= parsing->command->rest;
		} else if (!strcmp(word, "--"))
			only_operands = true;
		else if (word[1] == '-')
			ok = parse_long(parsing, word + 2);
		else
			ok = parse_letters(parsing, word + 1);
		if (!ok)
			return false;
	}
	return true;
}

static bool check_operands(const struct options *options, const struct command *command,
                           struct error *err)
{
	const char *word;
	struct printable printable;

	if (options->operand_count < command->min_operands)
		return error_set(err, ERROR_USAGE, "%s", command->needs);
	if (options->operand_count <= command->max_operands)
		return true;
	word = options->operands[command->max_operands];
	printable_name(&printable, word);
	if (!command->max_operands && word[0] && !word[strspn(word, "0123456789,")])
		return error_set(err, ERROR_USAGE,
		                 "%s takes no word '%s'; to sample that process: pmp -p %s",
		                 command->name, printable.text, printable.text);
	return error_set(err, ERROR_USAGE, "%s takes %s: '%s' is too much; pmp %s", command->name,
	                 command->max_operands > 1      ? "two files"
	                 : !command->max_operands       ? "no files"
	                 : command->bit == COMMAND_TOOL ? "one word"
	                                                : "one file at a time",
	                 printable.text, command->usage);
}

static bool check_raw(const struct options *options, struct error *err)
{
	if (options->save_raw && !strcmp(options->save_raw, "-"))
		return error_set(err, ERROR_USAGE,
		                 "--save-raw wants a file, not '-': stdout is for the result");
	if (options->save_raw && options->output && !strcmp(options->save_raw, options->output))
		return error_set(err, ERROR_USAGE,
		                 "--save-raw and -o name the same file; give them two names");
	return true;
}

static bool check_record(struct options *options, struct error *err)
{
	if (!options->pid_count)
		return error_set(
		        err, ERROR_USAGE,
		        "which process? pmp -p PID samples it, pmp run PROGRAM samples a new one, "
		        "pmp fold [FILE...] reads gdb's text, pmp show PROFILE prints a "
		        "profile; " ASK_HELP);
	if (!check_raw(options, err))
		return false;
	if (!options->samples && !(options->seconds > 0))
		options->samples = OPTIONS_SAMPLES_DEFAULT;
	return true;
}

static bool check_run(struct options *options, struct error *err)
{
	add_operand(options, NULL);
	options->operand_count--;
	options->program = options->operands;
	return check_raw(options, err);
}

/* A process id where a file is wanted. */
static bool is_pid(const char *word)
{
	size_t digits = strspn(word, "0123456789,");

	return digits && !word[digits] && access(word, F_OK);
}

static bool check_dump(struct options *options, struct error *err)
{
	struct printable printable;

	for (size_t i = 0; i < options->operand_count && !options->core; i++)
		if (is_pid(options->operands[i]))
			return error_set(err, ERROR_USAGE,
			                 "'%s' is no file; to dump that process: pmp dump -p %s",
			                 printable_name(&printable, options->operands[i]),
			                 printable.text);
	if (options->core &&
	    (options->pid_count || options->operand_count > 1 || options->interval > 0))
		return error_set(err, ERROR_USAGE,
		                 "--core takes its program as the only word, and no process and no "
		                 "interval; " ASK_HELP);
	if (!options->core && !options->pid_count && !options->operand_count)
		return error_set(
		        err, ERROR_USAGE,
		        "which process? pmp dump -p PID looks at it, pmp dump FILE reads what a "
		        "gdb printed (- is stdin); " ASK_HELP);
	if (options->pid_count && options->operand_count)
		return error_set(err, ERROR_USAGE,
		                 "dump takes processes (-p) or files, not both; " ASK_HELP);
	if (options->looks > 1 && !(options->interval > 0))
		return error_set(err, ERROR_USAGE,
		                 "--looks wants --interval SECONDS, the time from look to look");
	if (!options->looks)
		options->looks = options->interval > 0 ? OPTIONS_LOOKS_DEFAULT : 1;
	return true;
}

/* If one edge counts from the start and the other from the end, their order depends on the run's
 * length, which is not known yet. */
static bool check_window(const struct time_window *window, struct error *err)
{
	const struct time_window_edge *from = &window->from, *to = &window->to;

	if (!from->known || !to->known || from->from_end != to->from_end ||
	    (from->from_end ? from->us > to->us : from->us < to->us))
		return true;
	return error_set(err, ERROR_USAGE,
	                 "--from is not before --to, so nothing lies between them; exchange them?");
}

static bool check_options(struct options *options, const struct command *command, struct error *err)
{
	if (!check_operands(options, command, err))
		return false;
	if (options->no_timeline && (options->window.from.known || options->window.to.known ||
	                             options->window.running || options->weight == WEIGHT_CPU))
		return error_set(err, ERROR_USAGE,
		                 "--from, --to, --running and --weight cpu take from the "
		                 "timeline, and --no-timeline leaves that out");
	if (!check_window(&options->window, err))
		return false;
	if (command->bit == COMMAND_DUMP)
		return check_dump(options, err);
	if (command->bit == COMMAND_RUN)
		return check_run(options, err);
	if (command->bit == COMMAND_TOP && !options->pid_count)
		return error_set(err, ERROR_USAGE,
		                 "which process? pmp top -p PID shows what it does; " ASK_HELP);
	return command->bit != COMMAND_RECORD || check_record(options, err);
}

bool options_parse(struct options *options, const struct command *command, int argc, char **argv,
                   struct error *err)
{
	struct parsing parsing = {
		.options = options,
		.command = command,
		.words = argv + (argc > 0),
		.err = err,
	};

	*options = (struct options){ .command = command,
		                     .rate_hz = OPTIONS_RATE_DEFAULT,
		                     .min_percent = -1 };
	if (!parse_words(&parsing))
		return false;
	return options->help || options->version || check_options(options, command, err);
}
