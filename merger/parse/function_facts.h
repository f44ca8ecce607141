/* function_facts: what is known of a native function by its name, found out once for each name. */
#ifndef PMP_FUNCTION_FACTS_H
#define PMP_FUNCTION_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merger/base/intern.h"

struct function_facts {
	uint32_t name;   /* intern id of the function's name: without suffixes (symbol_suffix.h) */
	uint32_t symbol; /* the same with suffixes, unless one of them is Rust's hash */
	uint32_t owner;  /* "fn 0x1fcd40 of list.sort": the function that alone uses it; 0: none */
	bool known;      /* false: not found out yet */
	bool nameless;   /* no name, or "fn 0x1fcd40" in its place: where the function begins */
	bool part;       /* a part that the function calls (symbol_suffix.h) */
	uint8_t class;   /* enum function_class */
};

/* {.intern = ..} is empty. */
struct function_facts_table {
	struct intern *intern;
	struct function_facts *rows; /* by intern id of the name as the text has it */
	size_t cap;
};

void function_facts_deinit(struct function_facts_table *table);

const struct function_facts *function_facts_learn(struct function_facts_table *table,
                                                  uint32_t name); /* for function_facts_get */

/* Of a name, an intern id; 0: no name. Valid until the next call. */
static inline const struct function_facts *function_facts_get(struct function_facts_table *table,
                                                              uint32_t name)
{
	return name < table->cap && table->rows[name].known ? &table->rows[name]
	                                                    : function_facts_learn(table, name);
}

#endif
