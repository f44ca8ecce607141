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

static const struct value_hint_row {
	const char *name; /* up to what follows in brackets or by dots: "PID[,PID...]" */
	enum value_hint kind;
	const char *(*choice)(size_t i); /* of VALUE_HINT_CHOICE */
	const char *(*meant)(
	        const char *value); /* the choice for which it is another word; NULL: none */
} rows[] = {
	{ "FILE", VALUE_HINT_FILE, NULL, NULL },
	{ "PATH", VALUE_HINT_FILE, NULL, NULL },
	{ "CORE", VALUE_HINT_FILE, NULL, NULL },
	{ "PROFILE", VALUE_HINT_FILE, NULL, NULL },
	{ "PID", VALUE_HINT_PIDS, NULL, NULL },
	{ "PROGRAM", VALUE_HINT_PROGRAM, NULL, NULL },
	{ "FORMAT", VALUE_HINT_CHOICE, format_name, format_meant },
	{ "COMMAND", VALUE_HINT_CHOICE, command_name, NULL },
};

static const struct value_hint_row *row_of(const char *argument)
{
	size_t len = strcspn(argument, "[.");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, argument, len))
			return &rows[i];
	return NULL;
}

enum value_hint value_hint_of(const char *argument)
{
	const struct value_hint_row *row;

	if (!argument)
		return VALUE_HINT_TEXT;
	if (strchr(argument, '|'))
		return VALUE_HINT_CHOICE;
	row = row_of(argument);
	return row ? row->kind : VALUE_HINT_TEXT;
}

bool value_hint_choice_at(const char *argument, size_t i, struct span *ret)
{
	const struct value_hint_row *row = row_of(argument);
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

bool value_hint_choose(const char *argument, const char *shown, const char *what, const char *value,
                       size_t *ret, struct error *err)
{
	const struct value_hint_row *row = row_of(argument);
	const char *meant = row && row->meant ? row->meant(value) : NULL;
	struct suggestion hint = { .word = span_of(value) };
	struct buf all = { 0 };
	struct span choice;
	struct printable word;

	for (*ret = 0; value_hint_choice_at(argument, *ret, &choice); (*ret)++) {
		if (span_eq(choice, hint.word)) {
			buf_deinit(&all);
			return true;
		}
		suggest_try(&hint, choice);
		buf_printf(&all, "%s%.*s", all.len ? "|" : "", SPAN_ARG(choice));
	}
	if (meant)
		hint.best = span_of(meant);
	error_set(err, ERROR_USAGE, "%s: '%s' is no %s%s; it wants %.*s", shown,
	          printable_name(&word, value), what, suggest_text(&hint, ""),
	          SPAN_ARG(buf_span(&all)));
	buf_deinit(&all);
	return false;
}
