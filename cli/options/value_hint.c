#include "cli/options/value_hint.h"

#include <string.h>

#include "cli/options/command_table.h"
#include "merger/base/buf.h"
#include "merger/base/printable.h"
#include "merger/base/suggest.h"
#include "merger/formats/format.h"

static const char *get_format_name(size_t i)
{
	const struct format *format = format_at(i);

	return format ? format->name : NULL;
}

/* "folded" is no format, but a suffix of the format collapsed: that is what the user meant. */
static const char *find_format_meant(const char *value)
{
	const struct format *format;
	struct buf name = { 0 };

	buf_printf(&name, "x.%s", value);
	format = format_by_suffix(buf_span(&name));
	buf_deinit(&name);
	return format ? format->name : NULL;
}

static const char *get_command_name(size_t i)
{
	const struct command *command = command_at(i);

	return command ? command->name : NULL;
}

static const struct value_hint_row {
	const char *name; /* without brackets and dots: "PID" stands for "PID[,PID...]" */
	enum value_hint kind;
	/* VALUE_HINT_CHOICE only: the i-th choice, NULL after the last. */
	const char *(*choice)(size_t i);
	/* The choice for which `value` is another word, NULL if there is none; or NULL. */
	const char *(*meant)(const char *value);
} rows[] = {
	{ "FILE", VALUE_HINT_FILE, NULL, NULL },
	{ "PATH", VALUE_HINT_FILE, NULL, NULL },
	{ "CORE", VALUE_HINT_FILE, NULL, NULL },
	{ "PROFILE", VALUE_HINT_FILE, NULL, NULL },
	{ "PID", VALUE_HINT_PIDS, NULL, NULL },
	{ "PROGRAM", VALUE_HINT_PROGRAM, NULL, NULL },
	{ "FORMAT", VALUE_HINT_CHOICE, get_format_name, find_format_meant },
	{ "COMMAND", VALUE_HINT_CHOICE, get_command_name, NULL },
};

static const struct value_hint_row *find_row(const char *value_name)
{
	size_t len = strcspn(value_name, "[.");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, value_name, len))
			return &rows[i];
	return NULL;
}

enum value_hint value_hint_of(const char *value_name)
{
	const struct value_hint_row *row;

	if (!value_name)
		return VALUE_HINT_TEXT;
	if (strchr(value_name, '|'))
		return VALUE_HINT_CHOICE;
	row = find_row(value_name);
	return row ? row->kind : VALUE_HINT_TEXT;
}

bool value_hint_choice_at(const char *value_name, size_t i, struct span *ret)
{
	const struct value_hint_row *row = find_row(value_name);
	const char *name = row ? row->choice(i) : NULL;

	if (row) {
		*ret = name ? span_of(name) : (struct span){ 0 };
		return name;
	}
	for (;; value_name++) {
		size_t len = strcspn(value_name, "|");

		*ret = (struct span){ value_name, len };
		if (!i--)
			return true;
		value_name += len;
		if (!*value_name)
			return false;
	}
}

bool value_hint_choose(const char *value_name, const char *typed, const char *what,
                       const char *value, size_t *ret, struct error *err)
{
	const struct value_hint_row *row = find_row(value_name);
	const char *meant = row && row->meant ? row->meant(value) : NULL;
	struct suggestion hint = { .word = span_of(value) };
	struct buf all = { 0 };
	struct span choice;
	struct printable printable;

	for (*ret = 0; value_hint_choice_at(value_name, *ret, &choice); (*ret)++) {
		if (span_eq(choice, hint.word)) {
			buf_deinit(&all);
			return true;
		}
		suggest_try(&hint, choice);
		buf_printf(&all, "%s%.*s", all.len ? "|" : "", SPAN_ARG(choice));
	}
	if (meant)
		hint.best = span_of(meant);
	error_set(err, ERROR_USAGE, "%s: '%s' is no %s%s; it wants %.*s", typed,
	          printable_name(&printable, value), what, suggest_text(&hint, ""),
	          SPAN_ARG(buf_span(&all)));
	buf_deinit(&all);
	return false;
}
