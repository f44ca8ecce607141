#include "cli/help/man_page.h"

#include <ctype.h>
#include <string.h>

#include "cli/help/exit_codes.h"
#include "cli/help/template.h"
#include "cli/help/version.h"
#include "cli/options/command_table.h"
#include "cli/options/option_table.h"
#include "cli/os/packed_bytes.h"
#include "merger/base/buf.h"
#include "merger/formats/format.h"

/* cli/help/pmp.1.in, packed */
extern const unsigned char pmp_text_pmp_1_in[];
extern const size_t pmp_text_pmp_1_in_len;

/* Unpacked at the first call, and kept until pmp ends. */
static struct span get_page_text(void)
{
	static struct buf page;

	if (!page.len)
		packed_bytes_unpack(pmp_text_pmp_1_in, pmp_text_pmp_1_in_len, &page);
	return buf_span(&page);
}

static void put_char(char c, FILE *out)
{
	static const struct {
		char c;
		const char *roff;
	} rows[] = { { '\\', "\\e" },  { '-', "\\-" },   { '\'', "\\(aq" },
		     { '^', "\\(ha" }, { '~', "\\(ti" }, { '\n', " " } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].c == c) {
			fputs(rows[i].roff, out);
			return;
		}
	}
	fputc(c, out);
}

/* Prints plain text as a line. Text between backquotes becomes bold. */
static void put_text(const char *text, FILE *out)
{
	bool bold = false;

	fputs("\\&", out); /* a point at the start of a line would be a request */
	for (; *text; text++) {
		if (*text == '`')
			fputs((bold = !bold) ? "\\fB" : "\\fR", out);
		else
			put_char(*text, out);
	}
}

/* Prints a usage line or the name of a value: names like PID become italic, literal words bold. */
static void put_usage(const char *usage, FILE *out)
{
	char font = 'R';

	for (; *usage; usage++) {
		char wanted = isupper((unsigned char)*usage)                    ? 'I'
		              : islower((unsigned char)*usage) || *usage == '-' ? 'B'
		              : font == 'I' && isdigit((unsigned char)*usage)   ? 'I'
		                                                                : 'R';

		if (wanted != font)
			fprintf(out, "\\f%c", wanted);
		font = wanted;
		put_char(*usage, out);
	}
	fputs("\\fR", out);
}

/* Prints the lines between "@more KIND NAME" and "@end". */
static void put_more(const char *kind, const char *name, FILE *out)
{
	struct span text = get_page_text(), line;
	struct buf wanted = { 0 };
	bool within = false;

	buf_printf(&wanted, "@more %s %s", kind, name);
	while (span_take_line(&text, &line)) {
		if (within && span_eq(line, SPAN_LIT("@end")))
			break;
		if (within)
			fprintf(out, "%.*s\n", SPAN_ARG(line));
		within |= span_eq(line, buf_span(&wanted));
	}
	buf_deinit(&wanted);
}

static void put_title(FILE *out)
{
	fputs(".TH PMP 1 \"\" \"pmp " PMP_VERSION "\" \"User Commands\"\n", out);
}

static void put_synopsis(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fputs(i ? ".br\n\\fBpmp\\fR " : "\\fBpmp\\fR ", out);
		put_usage(command->usage, out);
		fputc('\n', out);
	}
}

static void put_commands(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, ".TP\n.B %s\n", command->name);
		put_text(command->text, out);
		fputc('\n', out);
		put_more("command", command->name, out);
	}
}

static void put_option(const struct option_row *row, FILE *out)
{
	fputs(".TP\n", out);
	if (row->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
	fputs("\\fB\\-\\-", out);
	for (const char *c = row->name; *c; c++)
		put_char(*c, out);
	fputs("\\fR", out);
	if (row->value_name) {
		fputc(' ', out);
		put_usage(row->value_name, out);
	}
	fputc('\n', out);
	put_text(row->help, out);
	fputs(".\n", out);
	put_more("option", row->name, out);
}

static void put_options(FILE *out)
{
	const struct option_row *row;
	unsigned commands;

	for (size_t group = 0; (commands = option_table_group(group)); group++) {
		struct buf names = { 0 };

		command_list(commands, &names);
		fprintf(out, ".SS Options of %.*s\n", SPAN_ARG(buf_span(&names)));
		buf_deinit(&names);
		for (size_t i = 0; (row = option_table_at(i)); i++)
			if (row->commands == commands)
				put_option(row, out);
	}
}

static void put_formats(FILE *out)
{
	const struct format *format;

	for (size_t i = 0; (format = format_at(i)); i++) {
		fprintf(out, ".TP\n\\fB%s\\fR", format->name);
		if (format->suffixes[0])
			fprintf(out, " (%s)", format->suffixes);
		fputc('\n', out);
		put_text(format->summary, out);
		fputs(".\n", out);
		put_more("format", format->name, out);
	}
}

static void put_exit_codes(FILE *out)
{
	fputs(".TS\nl l.\n", out);
	for (size_t i = 0; exit_code_at(i).code; i++)
		fprintf(out, "%s\t%s\n", exit_code_at(i).code, exit_code_at(i).what);
	fputs(".TE\n", out);
}

static void put_examples(FILE *out)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		const struct command_example *example = command->examples;

		for (; example < command->examples + COMMAND_EXAMPLES && example->line; example++) {
			fputs(".PP\n", out);
			put_text(example->what, out);
			fputs(":\n.PP\n.RS 4\n.nf\n", out);
			put_text(example->line, out);
			fputs("\n.fi\n.RE\n", out);
		}
	}
}

static const struct template_part parts[] = {
	{ SPAN_INIT("@title"), put_title },       { SPAN_INIT("@synopsis"), put_synopsis },
	{ SPAN_INIT("@commands"), put_commands }, { SPAN_INIT("@options"), put_options },
	{ SPAN_INIT("@formats"), put_formats },   { SPAN_INIT("@exit-codes"), put_exit_codes },
	{ SPAN_INIT("@examples"), put_examples }, { { 0 }, NULL },
};

void man_page_print(FILE *out)
{
	struct span text = get_page_text();
	const char *more = memmem(text.ptr, text.len, "\n@more ", 7);

	if (more)
		text.len = (size_t)(more + 1 - text.ptr);
	template_print(text, parts, out);
}

bool cmd_man(const struct options *options, struct error *err)
{
	(void)options, (void)err;
	man_page_print(stdout);
	return true;
}
