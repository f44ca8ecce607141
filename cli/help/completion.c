/* pmp completion: scripts for shells, which are completion.bash and its like, filled in from the tables. */
#include <string.h>

#include "cli/help/completion.h"
#include "cli/options/value_hint.h"
#include "cli/options/command_table.h"
#include "cli/options/option_table.h"
#include "cli/proc/process_list.h"
#include "cli/help/template.h"

extern const unsigned char pmp_text_completion_bash[];
extern const size_t pmp_text_completion_bash_len;
extern const unsigned char pmp_text_completion_zsh[];
extern const size_t pmp_text_completion_zsh_len;
extern const unsigned char pmp_text_completion_fish[];
extern const size_t pmp_text_completion_fish_len;

/* For what stands between single quotes in bash and zsh. Lines become one, and a backslash goes before
 * each of `escaped`. */
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

/* The words of a choice, with blanks between them. */
static void put_choices(const char *argument, FILE *out)
{
	struct span choice;

	for (size_t i = 0; value_hint_choice_at(argument, i, &choice); i++)
		fprintf(out, "%s%.*s", i ? " " : "", SPAN_ARG(choice));
}

/* bash */

static const char *const bash_kinds[] = {
	[VALUE_HINT_TEXT] = "text", [VALUE_HINT_CHOICE] = "words",    [VALUE_HINT_FILE] = "files",
	[VALUE_HINT_PIDS] = "pids", [VALUE_HINT_PROGRAM] = "program",
};

static void bash_arguments(FILE *out)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++) {
		enum value_hint kind = value_hint_of(row->argument);

		if (!row->argument)
			continue;
		fputc('\t', out);
		if (row->letter)
			fprintf(out, "-%c | ", row->letter);
		fprintf(out, "--%s) kind=%s", row->name, bash_kinds[kind]);
		if (kind == VALUE_HINT_CHOICE) {
			fputs(" words='", out);
			put_choices(row->argument, out);
			fputc('\'', out);
		}
		fputs(" ;;\n", out);
	}
}

static void bash_operand(const struct command *command, FILE *out)
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

static void bash_commands(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t%s)", command->name);
		bash_operand(command, out);
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

static void bash_names(FILE *out)
{
	fputs("\t\tkind=words words='", out);
	put_choices("COMMAND", out);
	fputs("'\n", out);
}

static const struct template_part bash_parts[] = {
	{ SPAN_INIT("@arguments"), bash_arguments },
	{ SPAN_INIT("@commands"), bash_commands },
	{ SPAN_INIT("@names"), bash_names },
	{ { 0 }, NULL },
};

/* zsh: a spec of _arguments is a quoted word */

/* What follows a message. */
static void zsh_action(const char *argument, FILE *out)
{
	static const char *const actions[] = {
		[VALUE_HINT_TEXT] = " ",
		[VALUE_HINT_CHOICE] = "",
		[VALUE_HINT_FILE] = "_files",
		[VALUE_HINT_PIDS] = "_pmp_pids",
		[VALUE_HINT_PROGRAM] = "_command_names -e",
	};
	enum value_hint kind = value_hint_of(argument);

	fputs(actions[kind], out);
	if (kind != VALUE_HINT_CHOICE)
		return;
	fputc('(', out);
	put_choices(argument, out);
	fputc(')', out);
}

static void zsh_spec(const struct option_row *row, bool letter, FILE *out)
{
	bool again = value_hint_of(row->argument) == VALUE_HINT_PIDS;

	fputs("\t\t\t'", out);
	if (again)
		fputc('*', out);
	else if (row->letter)
		fprintf(out, "(-%c --%s)", row->letter, row->name);
	if (letter)
		fprintf(out, "-%c%s[", row->letter, row->argument ? "+" : "");
	else
		fprintf(out, "--%s%s[", row->name, row->argument ? "=" : "");
	put_quoted(row->help, "[]\\", out);
	fputc(']', out);
	if (row->argument) {
		fprintf(out, ":%s:", row->name);
		zsh_action(row->argument, out);
	}
	fputs("'\n", out);
}

static void zsh_operand(const struct command *command, FILE *out)
{
	if (!command->operand)
		return;
	fprintf(out, "\t\t\t'%s:%s:",
	        command->rest                ? "(-)1"
	        : command->max_operands == 1 ? "1"
	                                     : "*",
	        command->operand);
	zsh_action(command->operand, out);
	fputs("'\n", out);
	if (command->rest)
		fputs("\t\t\t'*::words:_normal'\n", out);
}

static void zsh_commands(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t%s)\n\t\targuments=(\n", command->name);
		for (size_t k = 0; (row = option_table_at(k)); k++) {
			if (!(row->commands & command->bit))
				continue;
			if (row->letter)
				zsh_spec(row, true, out);
			zsh_spec(row, false, out);
		}
		zsh_operand(command, out);
		fputs("\t\t)\n\t\t;;\n", out);
	}
}

static void zsh_names(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "\t\t'%s:", command->name);
		put_quoted(command->summary, "", out);
		fputs("'\n", out);
	}
}

static const struct template_part zsh_parts[] = {
	{ SPAN_INIT("@commands"), zsh_commands },
	{ SPAN_INIT("@names"), zsh_names },
	{ { 0 }, NULL },
};

/* fish */

static void fish_argument(const char *argument, FILE *out)
{
	static const char *const flags[] = {
		[VALUE_HINT_TEXT] = " -x",
		[VALUE_HINT_CHOICE] = " -x -a '",
		[VALUE_HINT_FILE] = " -r -F",
		[VALUE_HINT_PIDS] = " -x -a '(__pmp_pids)'",
		[VALUE_HINT_PROGRAM] = " -x -a '(__pmp_program)'",
	};
	enum value_hint kind = value_hint_of(argument);

	fputs(flags[kind], out);
	if (kind != VALUE_HINT_CHOICE)
		return;
	put_choices(argument, out);
	fputc('\'', out);
}

static void fish_description(const char *text, FILE *out)
{
	fputs(" -d '", out);
	put_quoted(text, "\\", out);
	fputs("'\n", out);
}

static void fish_names(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "complete -c pmp -n __pmp_first -a %s", command->name);
		fish_description(command->summary, out);
	}
}

static void fish_options(FILE *out)
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
		if (row->argument)
			fish_argument(row->argument, out);
		fish_description(row->help, out);
	}
}

static void fish_operands(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		if (!command->operand)
			continue;
		fprintf(out, "complete -c pmp -n '__pmp_%s %s'", command->rest ? "named" : "is",
		        command->name);
		fish_argument(command->operand, out);
		fputc('\n', out);
	}
}

static void fish_lists(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	fputs("set -g __pmp_valued", out);
	for (size_t i = 0; (row = option_table_at(i)); i++) {
		if (row->argument && row->letter)
			fprintf(out, " -%c", row->letter);
		if (row->argument)
			fprintf(out, " --%s", row->name);
	}
	fputs("\nset -g __pmp_rest", out);
	for (size_t i = 0; (command = command_at(i)); i++)
		if (command->rest)
			fprintf(out, " %s", command->name);
	fputc('\n', out);
}

static const struct template_part fish_parts[] = {
	{ SPAN_INIT("@names"), fish_names },
	{ SPAN_INIT("@options"), fish_options },
	{ SPAN_INIT("@operands"), fish_operands },
	{ SPAN_INIT("@lists"), fish_lists },
	{ { 0 }, NULL },
};

/* In the order of the command's choices. */
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
	struct span text = { (const char *)scripts[shell].ptr, scripts[shell].len };

	template_print(text, scripts[shell].parts, out);
}

bool cmd_completion(const struct options *options, struct error *err)
{
	size_t shell;

	/* What the scripts themselves ask for. */
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
