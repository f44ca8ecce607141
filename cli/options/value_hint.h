/* value_hint: the kind of an option's value or of a command's operand, found by its name in the
 * tables: "FILE" is a file, "wall|cpu" is one of two words. --help prints that name; completion and
 * error messages use the kind. */
#ifndef PMP_VALUE_HINT_H
#define PMP_VALUE_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

enum value_hint {
	VALUE_HINT_TEXT, /* any word */
	VALUE_HINT_CHOICE,
	VALUE_HINT_FILE,
	VALUE_HINT_PIDS,    /* separated by commas */
	VALUE_HINT_PROGRAM, /* followed by its own arguments */
};

/* NULL is VALUE_HINT_TEXT. To add a name for one of these kinds, add a row in value_hint.c. */
enum value_hint value_hint_of(const char *value_name);

/* The i-th word of a choice ("a|b", FORMAT, COMMAND); false after the last. */
bool value_hint_choice_at(const char *value_name, size_t i, struct span *ret);

/* Stores the number of the choice that `value` is. false: *err is ERROR_USAGE with a text that
 * names `what` (a noun for the choices: "format"), the nearest choice, and all choices. `typed` is
 * the option or command before the value ("-f"). */
bool value_hint_choose(const char *value_name, const char *typed, const char *what,
                       const char *value, size_t *ret, struct error *err);

#endif
