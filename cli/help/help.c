#include "cli/help/help.h"

#include <string.h>

#include "cli/help/exit_codes.h"
#include "cli/options/option_table.h"
#include "cli/options/options.h"
#include "cli/options/value_hint.h"
#include "merger/base/buf.h"
#include "merger/formats/format.h"

#define WIDTH 80
#define COLUMN 28 /* the column in which the texts of the options begin */

/* Prints `text` from column `indent` on, wrapped at blanks. The first line already has `used`
 * columns. */
static void print_wrapped(const char *text, size_t used, size_t indent, FILE *out)
{
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (used > indent && used + 1 + len > WIDTH) {
			fputc('\n', out);
			used = 0;
		}
		if (used > indent)
			used += (size_t)fprintf(out, " ");
		else
			used += (size_t)fprintf(out, "%*s", (int)(indent - used), "");
		used += (size_t)fprintf(out, "%.*s", (int)len, text);
		if (text[len] == '\n') {
			fputc('\n', out);
			used = 0;
		}
		text += len + (text[len] != '\0');
	}
	fputc('\n', out);
}

static void print_option(const struct option_row *row, FILE *out)
{
	char letter[] = { row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		          row->letter ? ',' : ' ', '\0' };
	int used = fprintf(out, "  %s --%s%s%s", letter, row->name, row->value_name ? " " : "",
	                   row->value_name ? row->value_name : "");

	if (used > COLUMN - 2) {
		fputc('\n', out);
		used = 0;
	}
	print_wrapped(row->help, (size_t)used, COLUMN, out);
}

static void print_options(const struct command *command, FILE *out)
{
	const struct option_row *row;

	fputs("\nOptions:\n", out);
	for (size_t i = 0; (row = option_table_at(i)); i++)
		if (row->commands & command->bit)
			print_option(row, out);
}

/* Prints "record and fold:" and the options that exactly these commands take. */
static void print_group(unsigned commands, FILE *out)
{
	struct buf names = { 0 };
	const struct option_row *row;

	command_list(commands, &names);
	fprintf(out, "\n%.*s:\n", SPAN_ARG(buf_span(&names)));
	buf_deinit(&names);
	for (size_t i = 0; (row = option_table_at(i)); i++)
		if (row->commands == commands)
			print_option(row, out);
}

static bool has_format_option(const struct command *command)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_table_at(i)); i++)
		if ((row->commands & command->bit) && row->value_name &&
		    !strcmp(row->value_name, "FORMAT"))
			return true;
	return false;
}

static void print_formats(FILE *out)
{
	const struct format *format;

	fputs("\nFormats (and the suffixes of -o that choose them):\n", out);
	for (size_t i = 0; (format = format_at(i)); i++) {
		fprintf(out, "  %-10s %s\n", format->name, format->summary);
		if (format->suffixes[0])
			fprintf(out, "  %-10s %s\n", "", format->suffixes);
	}
}

static void print_examples(const struct command *command, FILE *out)
{
	const struct command_example *example = command->examples;

	fputs("\nExamples:\n", out);
	for (; example < command->examples + COMMAND_EXAMPLES && example->line; example++)
		fprintf(out, "  %s:\n      %s\n", example->what, example->line);
}

static void print_command(const struct command *command, FILE *out)
{
	fprintf(out, "Usage:\n  pmp %s\n\n", command->usage);
	print_wrapped(command->text, 0, 0, out);
	print_options(command, out);
	/* diff supports few formats, which its text lists. */
	if (has_format_option(command) && command->bit != COMMAND_DIFF)
		print_formats(out);
	print_examples(command, out);
}

static void print_survey(FILE *out)
{
	const struct command *command;

	fputs("Where a process spends its time, or why it hangs: Python and C in one stack.\n\n",
	      out);
	for (size_t i = 0; (command = command_at(i)); i++)
		fprintf(out, "  pmp %s\n      %s\n", command->usage, command->summary);
	for (size_t i = 0; option_table_group(i); i++)
		print_group(option_table_group(i), out);
	print_formats(out);
	fputs("\nExit codes:\n", out);
	for (size_t i = 0; exit_code_at(i).code; i++)
		fprintf(out, "  %-5s  %s\n", exit_code_at(i).code, exit_code_at(i).what);
	fputs("\nMore: pmp help COMMAND, man pmp\n", out);
}

void help_print(const struct command *command, FILE *out)
{
	if (command)
		print_command(command, out);
	else
		print_survey(out);
}

bool cmd_help(const struct options *options, struct error *err)
{
	size_t i = 0;

	if (options->operand_count &&
	    !value_hint_choose("COMMAND", "help", "command", options->operands[0], &i, err))
		return false;
	help_print(options->operand_count ? command_at(i) : NULL, stdout);
	return true;
}
