#include "merger/base/command_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void copy_text(char *ret, struct span text)
{
	snprintf(ret, COMMAND_NAME_MAX, "%.*s", SPAN_ARG(text));
}

static struct span take_argument(struct span *rest)
{
	struct span ret = { rest->ptr, rest->len ? strnlen(rest->ptr, rest->len) : 0 };

	*rest = span_skip(*rest, ret.len < rest->len ? ret.len + 1 : ret.len);
	return ret;
}

/* "nginx: ", "gunicorn: ": no file's name is written so. */
static bool has_title_prefix(struct span text)
{
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	size_t len = colon ? (size_t)(colon - text.ptr) : 0;

	if (!len || len + 1 >= text.len || colon[1] != ' ')
		return false;
	return !memchr(text.ptr, '/', len) && !memchr(text.ptr, ' ', len);
}

/* A title replaces all arguments by one text; programs fill the rest of the area with blanks or
 * NULs (setproctitle(3) of BSD, PostgreSQL's PS_PADDING). An argument that is a path may have
 * blanks, too. */
static bool find_title(struct span cmdline, struct span *ret)
{
	struct span rest = cmdline;

	*ret = span_trim(take_argument(&rest));
	if (has_title_prefix(*ret))
		return true;
	while (rest.len && !*rest.ptr)
		rest = span_skip(rest, 1);
	return !rest.len && ret->len && *ret->ptr != '/' && memchr(ret->ptr, ' ', ret->len);
}

static bool is_interpreter(struct span program)
{
	static const char *const names[] = { "python", "pypy", "perl", "ruby", "node",
		                             "php",    "bash", "dash", "sh",   "lua" };
	struct span base = span_basename(program);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (!span_starts(base, span_of(names[i])))
			continue;
		/* "python3.11", "php8.2", "python3.13t", but not "shutdown". */
		if (base.len == len || isdigit((unsigned char)base.ptr[len]))
			return true;
	}
	return false;
}

/* "worker", "runserver": not an option, a path, a number or a module. */
static bool is_subcommand(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!islower((unsigned char)word.ptr[i]) && !(i && strchr("-_", word.ptr[i])))
			return false;
	return word.len > 1;
}

/* The first word behind the script that is no option and no option's value. */
static struct span find_subcommand(struct span rest)
{
	bool after_option = false;

	while (rest.len) {
		struct span word = take_argument(&rest);
		bool option = span_starts(word, SPAN_LIT("-"));

		if (!option && !after_option)
			return is_subcommand(word) ? word : (struct span){ 0 };
		after_option = option && !memchr(word.ptr, '=', word.len);
	}
	return (struct span){ 0 };
}

/* Options of interpreters with a value of their own: python -W, -X; perl -I; node -r. */
static bool takes_value(struct span option)
{
	return option.len == 2 && strchr("WXIr", option.ptr[1]);
}

/* "from multiprocessing.spawn import ...": such a program has a name, others have not. */
static void find_imported(struct span program, char *ret)
{
	const char *blank;

	if (!span_take(&program, SPAN_LIT("from ")) || !program.len)
		return;
	blank = memchr(program.ptr, ' ', program.len);
	if (blank)
		copy_text(ret, (struct span){ program.ptr, (size_t)(blank - program.ptr) });
}

static void find_command(struct span rest, char *ret)
{
	struct span program = take_argument(&rest), word = { 0 }, more;

	if (!is_interpreter(program))
		return;
	for (;;) {
		word = take_argument(&rest);
		if (span_eq(word, SPAN_LIT("-m"))) {
			word = take_argument(&rest);
			break;
		}
		if (span_eq(word, SPAN_LIT("-c")))
			find_imported(take_argument(&rest), ret);
		if (!word.len || span_eq(word, SPAN_LIT("-c")) || span_eq(word, SPAN_LIT("-e")) ||
		    span_eq(word, SPAN_LIT("-")))
			return;
		if (*word.ptr != '-')
			break;
		if (takes_value(word))
			take_argument(&rest);
	}
	more = find_subcommand(rest);
	word = span_basename(word);
	snprintf(ret, COMMAND_NAME_MAX, "%.*s%s%.*s", SPAN_ARG(word), more.len ? " " : "",
	         SPAN_ARG(more));
}

void command_name_parse(struct span cmdline, struct command_name *ret)
{
	struct span title;

	*ret = (struct command_name){ 0 };
	if (find_title(cmdline, &title))
		copy_text(ret->title, title);
	else
		find_command(cmdline, ret->command);
}
