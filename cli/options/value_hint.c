#include "cli/options/value_hint.h"

#include <string.h>

#include "cli/options/command_table.h"
#include "merger/base/buf.h"
#include "merger/base/suggest.h"
#include "merger/base/printable.h"
#include "merger/formats/format.h"

static const char *format_name(size_t i)
{
	const struct format *format = format_at(i);

	return format ? format->name : NULL;
}

/* "folded" is a suffix of the format collapsed. */
static const char *format_meant(const char *value)
{
	const struct format *format;
	struct buf name = { 0 };

	buf_printf(&name, "x.%s", value);
	format = format_by_suffix(buf_span(&name));
	buf_deinit(&name);
	return format ? format->name : NULL;
}

static const char *command_name(size_t i)
{
	const struct command *command = command_at(i);

	return command ? command->name : NULL;
}

static const struct argument_row {
	const char *name; /* up to what follows in brackets or by dots: "PID[,PID...]" */
	enum argument_kind kind;
	const char *(*choice)(size_t i); /* of ARGUMENT_CHOICE */
	const char *(*meant)(
	        const char *value); /* the choice for which it is another word; NULL: none */
} rows[] = {
	{ "FILE", ARGUMENT_FILE, NULL, NULL },
	{ "PATH", ARGUMENT_FILE, NULL, NULL },
	{ "CORE", ARGUMENT_FILE, NULL, NULL },
	{ "PROFILE", ARGUMENT_FILE, NULL, NULL },
	{ "PID", ARGUMENT_PIDS, NULL, NULL },
	{ "PROGRAM", ARGUMENT_PROGRAM, NULL, NULL },
	{ "FORMAT", ARGUMENT_CHOICE, format_name, format_meant },
	{ "COMMAND", ARGUMENT_CHOICE, command_name, NULL },
};

static const struct argument_row *row_of(const char *argument)
{
	size_t len = strcspn(argument, "[.");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, argument, len))
			return &rows[i];
	return NULL;
}

enum argument_kind argument_kind(const char *argument)
{
	const struct argument_row *row;

	if (!argument)
		return ARGUMENT_TEXT;
	if (strchr(argument, '|'))
		return ARGUMENT_CHOICE;
	row = row_of(argument);
	return row ? row->kind : ARGUMENT_TEXT;
}

bool argument_choice_at(const char *argument, size_t i, struct span *ret)
{
	const struct argument_row *row = row_of(argument);
	const char *name = row ? row->choice(i) : NULL;

	if (row) {
		*ret = name ? span_of(name) : (struct span){ 0 };
		return name;
	}
	for (;; argument++) {
		size_t len = strcspn(argument, "|");

		*ret = (struct span){ argument, len };
		if (!i--)
			return true;
		argument += len;
		if (!*argument)
			return false;
	}
}

bool argument_choose(const char *argument, const char *shown, const char *what, const char *value,
                     size_t *ret, struct error *err)
{
	const struct argument_row *row = row_of(argument);
	const char *meant = row && row->meant ? row->meant(value) : NULL;
	struct hint hint = { .word = span_of(value) };
	struct buf all = { 0 };
	struct span choice;
	struct shown word;

	for (*ret = 0; argument_choice_at(argument, *ret, &choice); (*ret)++) {
		if (span_eq(choice, hint.word)) {
			buf_deinit(&all);
			return true;
		}
		hint_try(&hint, choice);
		buf_printf(&all, "%s%.*s", all.len ? "|" : "", SPAN_ARG(choice));
	}
	if (meant)
		hint.best = span_of(meant);
	error_set(err, ERROR_USAGE, "%s: '%s' is no %s%s; it wants %.*s", shown,
	          shown_name(&word, value), what, hint_text(&hint, ""), SPAN_ARG(buf_span(&all)));
	buf_deinit(&all);
	return false;
}
