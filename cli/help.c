#include "help.h"

#include <string.h>

#include "option_table.h"

#define COLUMN 28 /* where the explanations begin */

static void print_usage(const struct command *command, FILE *out)
{
	fprintf(out, "  pmp %s\n      %s\n", command->usage, command->summary);
}

static void print_row(const struct option_row *row, FILE *out)
{
	const char *text = row->help;
	char letter[] = { row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		          row->letter ? ',' : ' ', '\0' };
	int used = fprintf(out, "  %s --%s%s%s", letter, row->name, row->argument ? " " : "",
	                   row->argument ? row->argument : "");

	if (used > COLUMN - 2) {
		fputc('\n', out);
		used = 0;
	}
	for (;;) {
		int len = (int)strcspn(text, "\n");

		fprintf(out, "%*s%.*s\n", COLUMN - used, "", len, text);
		text += len;
		if (!*text)
			return;
		text++;
		used = 0;
	}
}

/* "record, fold:" above the first of the rows that these commands take. */
static void print_takers(unsigned commands, FILE *out)
{
	const struct command *command;
	const char *before = "\n";

	for (size_t i = 0; (command = command_at(i)); i++) {
		if (!(commands & command->bit))
			continue;
		fprintf(out, "%s%s", before, command->name);
		before = ", ";
	}
	fputs(":\n", out);
}

static void print_options(const struct command *command, bool all, FILE *out)
{
	const struct option_row *row;
	unsigned above = 0;

	if (!all)
		fputs("\nOptions:\n", out);
	for (size_t i = 0; (row = option_table_at(i)); i++) {
		if (!all && !(row->commands & command->bit))
			continue;
		if (all && row->commands != above)
			print_takers(row->commands, out);
		above = row->commands;
		print_row(row, out);
	}
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

void help_print(const struct command *command, FILE *out)
{
	const struct command *other;
	/* The first command is the one that is not named: its help is about all of them. */
	bool all = command == command_at(0);

	if (all)
		fputs("Where a process spends its time, or why it hangs: Python and C in one "
		      "stack.\n\n",
		      out);
	for (size_t i = 0; (other = command_at(i)); i++)
		if (all || other == command)
			print_usage(other, out);
	print_options(command, all, out);
	print_formats(out);
	if (all)
		fputs("\nExit codes: 0 done, 1 failed otherwise, 2 usage, 3 no such process, 4 "
		      "not\n"
		      "permitted, 5 no usable gdb, 6 traced by another, 7 a deadline passed,\n"
		      "8 bad input file, 9 output cannot be written, 130 after Ctrl-C.\n"
		      "More: man pmp\n",
		      out);
}
