/* value_hint: what an option or a command takes, by the name that the tables give it: "FILE" is a file,
 * "wall|cpu" one of two words. Help shows that name, completion and errors know what it stands for. */
#ifndef PMP_VALUE_HINT_H
#define PMP_VALUE_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "merger/base/error.h"
#include "merger/base/span.h"

enum value_hint {
	VALUE_HINT_TEXT, /* any word: nothing can be said of it */
	VALUE_HINT_CHOICE,
	VALUE_HINT_FILE,
	VALUE_HINT_PIDS,    /* with commas between them */
	VALUE_HINT_PROGRAM, /* and its own words */
};

/* NULL is text. A new name for one of these kinds is a row in value_hint.c. */
enum value_hint value_hint_of(const char *argument);

/* The i-th word of a choice ("a|b", FORMAT, COMMAND); false behind the last. */
bool value_hint_choice_at(const char *argument, size_t i, struct span *ret);

/* Which choice `value` is. false: *err is ERROR_USAGE, which says that it is no `what`, the nearest
 * choice, and all of them. `shown` is where it stood ("-f"). */
bool value_hint_choose(const char *argument, const char *shown, const char *what, const char *value,
                       size_t *ret, struct error *err);

#endif
