/* number: reads numbers from the front of a span; percentages. */
#ifndef PMP_NUMBER_H
#define PMP_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "merger/base/span.h"

static inline bool number_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit; -1 for other characters. */
static inline int number_digit(char c)
{
	if (number_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Takes all digits at the front. false if there is none: *s is unchanged. *ret is UINT64_MAX on
 * overflow. */
static inline bool number_take(struct span *s, unsigned base, uint64_t *ret)
{
	uint64_t number = 0;
	bool over = false;
	size_t i = 0;

	for (; i < s->len; i++) {
		int digit = number_digit(s->ptr[i]);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		over |= __builtin_mul_overflow(number, (uint64_t)base, &number);
		over |= __builtin_add_overflow(number, (uint64_t)digit, &number);
	}
	if (!i)
		return false;
	*s = span_skip(*s, i);
	*ret = over ? UINT64_MAX : number;
	return true;
}

/* The same for a decimal number of 32 bits; *ret is 0 ("unknown") on overflow. */
static inline bool number_take32(struct span *s, uint32_t *ret)
{
	uint64_t number;

	if (!number_take(s, 10, &number))
		return false;
	*ret = number > UINT32_MAX ? 0 : (uint32_t)number;
	return true;
}

/* For sorting: less than 0, 0 or more than 0, as a is less than, equal to or greater than b. */
static inline int number_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* 0 if `whole` is 0. */
static inline double number_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

#endif
