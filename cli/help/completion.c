/* pmp completion: prints completion.bash, .zsh or .fish. A line that begins with @ is replaced by
 * text from the tables of commands and options. */
#include <string.h>

#include "cli/help/completion.h"

#include "cli/help/template.h"
#include "cli/options/command_table.h"
#include "cli/options/option_table.h"
#include "cli/options/value_hint.h"
#include "cli/os/packed_bytes.h"
#include "cli/proc/process_list.h"
#include "merger/base/buf.h"

extern const unsigned char pmp_text_completion_bash[];
extern const size_t pmp_text_completion_bash_len;
extern const unsigned char pmp_text_completion_zsh[];
extern const size_t pmp_text_completion_zsh_len;
extern const unsigned char pmp_text_completion_fish[];
extern const size_t pmp_text_completion_fish_len;

/* Prints `text` as the inside of a word in single quotes. A newline becomes a blank; each character
 * of `escaped` gets a backslash. */
static void put_quoted(const char *text, const char *escaped, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (*text == '\n')
			fputc(' ', out);
		else
			fprintf(out, "%s%c", strchr(escaped, *text) ? "\\" : "", *text);
	}
}

/* Prints the words of a choice, separated by blanks. */
static void put_choices(const char *value_name, FILE *out)
{
	struct span choice;

	for (size_t i = 0; value_hint_choice_at(value_name, i, &choice); i++)
		fprintf(out, "%s%.*s", i ? " " : "", SPAN_ARG(choice));
}

/* bash */

static const char *const bash_kinds[] = {
	[VALUE_HINT_TEXT] = "text", [VALUE_HINT_CHOICE] = "words",    [VALUE_HINT_FILE] = "files",
	[VALUE_HINT_PIDS] = "pids", [VALUE_HINT_PROGRAM] = "program",
};

static void put_bash_arguments(FILE *out)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++) {
		enum value_hint kind = value_hint_of(row->value_name);

		if (!row->value_name)
			continue;
		fputc('\t', out);
		if (row->letter)
			fprintf(out, "-%c | ", row->letter);
		fprintf(out, "--%s) kind=%s", row->name, bash_kinds[kind]);
		if (kind == VALUE_HINT_CHOICE) {
			fputs(" words='", out);
			put_choices(row->value_name, out);
			fputc('\'', out);
		}
		fputs(" ;;\n", out);
	}
}

static void put_bash_operand(const struct command *command, FILE *out)
{
	enum value_hint kind = value_hint_of(command->operand);

	if (!command->operand)
		return;
	fprintf(out, " operand='%s", bash_kinds[kind]);
	if (kind == VALUE_HINT_CHOICE) {
		fputc(':', out);
		put_choices(command->operand, out);
	}
	fputc('\'', out);
}

static void put_bash_commands(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t%s)", command->name);
		put_bash_operand(command, out);
		fputs(" options='", out);
		for (size_t k = 0; (row = option_table_at(k)); k++) {
			if (!(row->commands & command->bit))
				continue;
			if (row->letter)
				fprintf(out, "-%c ", row->letter);
			fprintf(out, "--%s ", row->name);
		}
		fputs("' ;;\n", out);
	}
}

static void put_bash_names(FILE *out)
{
	fputs("\t\tkind=words words='", out);
	put_choices("COMMAND", out);
	fputs("'\n", out);
}

static const struct template_part bash_parts[] = {
	{ SPAN_INIT("@arguments"), put_bash_arguments },
	{ SPAN_INIT("@commands"), put_bash_commands },
	{ SPAN_INIT("@names"), put_bash_names },
	{ { 0 }, NULL },
};

/* zsh: each spec of _arguments is a quoted word */

/* Prints the action of a spec: how to complete the value. */
static void put_zsh_action(const char *value_name, FILE *out)
{
	static const char *const actions[] = {
		[VALUE_HINT_TEXT] = " ",
		[VALUE_HINT_CHOICE] = "",
		[VALUE_HINT_FILE] = "_files",
		[VALUE_HINT_PIDS] = "_pmp_pids",
		[VALUE_HINT_PROGRAM] = "_command_names -e",
	};
	enum value_hint kind = value_hint_of(value_name);

	fputs(actions[kind], out);
	if (kind != VALUE_HINT_CHOICE)
		return;
	fputc('(', out);
	put_choices(value_name, out);
	fputc(')', out);
}

static void put_zsh_spec(const struct option_row *row, bool letter, FILE *out)
{
	bool again = value_hint_of(row->value_name) == VALUE_HINT_PIDS;

	fputs("\t\t\t'", out);
	if (again)
		fputc('*', out);
	else if (row->letter)
		fprintf(out, "(-%c --%s)", row->letter, row->name);
	if (letter)
		fprintf(out, "-%c%s[", row->letter, row->value_name ? "+" : "");
	else
		fprintf(out, "--%s%s[", row->name, row->value_name ? "=" : "");
	put_quoted(row->help, "[]\\", out);
	fputc(']', out);
	if (row->value_name) {
		fprintf(out, ":%s:", row->name);
		put_zsh_action(row->value_name, out);
	}
	fputs("'\n", out);
}

static void put_zsh_operand(const struct command *command, FILE *out)
{
	if (!command->operand)
		return;
	fprintf(out, "\t\t\t'%s:%s:",
	        command->rest                ? "(-)1"
	        : command->max_operands == 1 ? "1"
	                                     : "*",
	        command->operand);
	put_zsh_action(command->operand, out);
	fputs("'\n", out);
	if (command->rest)
		fputs("\t\t\t'*::words:_normal'\n", out);
}

static void put_zsh_commands(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t%s)\n\t\targuments=(\n", command->name);
		for (size_t k = 0; (row = option_table_at(k)); k++) {
			if (!(row->commands & command->bit))
				continue;
			if (row->letter)
				put_zsh_spec(row, true, out);
			put_zsh_spec(row, false, out);
		}
		put_zsh_operand(command, out);
		fputs("\t\t)\n\t\t;;\n", out);
	}
}

static void put_zsh_names(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t\t'%s:", command->name);
		put_quoted(command->summary, "", out);
		fputs("'\n", out);
	}
}

static const struct template_part zsh_parts[] = {
	{ SPAN_INIT("@commands"), put_zsh_commands },
	{ SPAN_INIT("@names"), put_zsh_names },
	{ { 0 }, NULL },
};

/* fish */

static void put_fish_value(const char *value_name, FILE *out)
{
	static const char *const flags[] = {
		[VALUE_HINT_TEXT] = " -x",
		[VALUE_HINT_CHOICE] = " -x -a '",
		[VALUE_HINT_FILE] = " -r -F",
		[VALUE_HINT_PIDS] = " -x -a '(__pmp_pids)'",
		[VALUE_HINT_PROGRAM] = " -x -a '(__pmp_program)'",
	};
	enum value_hint kind = value_hint_of(value_name);

	fputs(flags[kind], out);
	if (kind != VALUE_HINT_CHOICE)
		return;
	put_choices(value_name, out);
	fputc('\'', out);
}

static void put_fish_description(const char *text, FILE *out)
{
	fputs(" -d '", out);
	put_quoted(text, "\\", out);
	fputs("'\n", out);
}

static void put_fish_names(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "complete -c pmp -n __pmp_first -a %s", command->name);
		put_fish_description(command->summary, out);
	}
}

static void put_fish_options(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++) {
		fputs("complete -c pmp -n '__pmp_is", out);
		for (size_t k = 0; (command = command_at(k)); k++)
			if (row->commands & command->bit)
				fprintf(out, " %s", command->name);
		fputc('\'', out);
		if (row->letter)
			fprintf(out, " -s %c", row->letter);
		fprintf(out, " -l %s", row->name);
		if (row->value_name)
			put_fish_value(row->value_name, out);
		put_fish_description(row->help, out);
	}
}

static void put_fish_operands(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		if (!command->operand)
			continue;
		fprintf(out, "complete -c pmp -n '__pmp_%s %s'", command->rest ? "named" : "is",
		        command->name);
		put_fish_value(command->operand, out);
		fputc('\n', out);
	}
}

static void put_fish_lists(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	fputs("set -g __pmp_valued", out);
	for (size_t i = 0; (row = option_table_at(i)); i++) {
		if (row->value_name && row->letter)
			fprintf(out, " -%c", row->letter);
		if (row->value_name)
			fprintf(out, " --%s", row->name);
	}
	fputs("\nset -g __pmp_rest", out);
	for (size_t i = 0; (command = command_at(i)); i++)
		if (command->rest)
			fprintf(out, " %s", command->name);
	fputc('\n', out);
}

static const struct template_part fish_parts[] = {
	{ SPAN_INIT("@names"), put_fish_names },
	{ SPAN_INIT("@options"), put_fish_options },
	{ SPAN_INIT("@operands"), put_fish_operands },
	{ SPAN_INIT("@lists"), put_fish_lists },
	{ { 0 }, NULL },
};

/* `shell` is the number of its name in "bash|zsh|fish". */
static void put_script(size_t shell, FILE *out)
{
	const struct {
		const unsigned char *ptr;
		size_t len;
		const struct template_part *parts;
	} scripts[] = {
		{ pmp_text_completion_bash, pmp_text_completion_bash_len, bash_parts },
		{ pmp_text_completion_zsh, pmp_text_completion_zsh_len, zsh_parts },
		{ pmp_text_completion_fish, pmp_text_completion_fish_len, fish_parts },
	};
	struct buf text = { 0 };

	packed_bytes_unpack(scripts[shell].ptr, scripts[shell].len, &text);
	template_print(buf_span(&text), scripts[shell].parts, out);
	buf_deinit(&text);
}

bool cmd_completion(const struct options *options, struct error *err)
{
	size_t shell;

	/* The scripts use this to list processes. */
	if (!strcmp(options->operands[0], "pids")) {
		process_list_print(stdout);
		return true;
	}
	if (!value_hint_choose("bash|zsh|fish", "completion", "shell that is known",
	                       options->operands[0], &shell, err))
		return false;
	put_script(shell, stdout);
	return true;
}
