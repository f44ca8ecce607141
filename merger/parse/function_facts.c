#include "merger/parse/function_facts.h"

#include <stdlib.h>
#include <string.h>

#include "merger/base/alloc.h"
#include "merger/base/number.h"
#include "merger/parse/function_class.h"
#include "merger/parse/symbol_suffix.h"

void function_facts_deinit(struct function_facts_table *table)
{
	free(table->rows);
	*table = (struct function_facts_table){ 0 };
}

/* "", "fn 0x1fcd40", "fn 0x1fcd40 of list.sort", "fn 0x1fcd40 of list.*". *owner gets what follows
 * "of". */
static bool is_nameless(struct span name, struct span *owner)
{
	uint64_t start;

	*owner = (struct span){ NULL, 0 };
	if (!name.len)
		return true;
	if (!span_take(&name, SPAN_LIT("fn 0x")) || !number_take(&name, 16, &start))
		return false;
	if (span_take(&name, SPAN_LIT(" of ")))
		*owner = name;
	return !name.len || owner->len;
}

static bool is_function(struct span owner)
{
	return owner.len && !span_ends(owner, SPAN_LIT(".*")) &&
	       function_class_of(owner) == CLASS_OTHER;
}

const struct function_facts *function_facts_learn(struct function_facts_table *table, uint32_t name)
{
	struct span text = intern_get(table->intern, name);
	struct span owner;
	size_t len = text.len, cap = table->cap;
	struct function_facts facts = { .name = name, .symbol = name, .known = true };
	struct symbol_suffix suffix = symbol_suffix_cut(&text);

	facts.part = suffix.part;
	if (text.len < len)
		facts.name = intern_add_clean(table->intern, text);
	if (suffix.hash)
		facts.symbol = facts.name;
	facts.class = (uint8_t)function_class_of(text);
	facts.nameless = is_nameless(text, &owner);
	if (is_function(owner))
		facts.owner = intern_add_clean(table->intern, owner);
	table->rows = alloc_grow(table->rows, &table->cap, (size_t)name + 1, sizeof(*table->rows));
	memset(table->rows + cap, 0, (table->cap - cap) * sizeof(*table->rows));
	table->rows[name] = facts;
	return &table->rows[name];
}
