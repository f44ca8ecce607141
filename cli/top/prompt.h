/* prompt: a line of text that is asked for, key by key. */
#ifndef PMP_PROMPT_H
#define PMP_PROMPT_H

#include <stdbool.h>

#include "merger/base/buf.h"

#define TOP_PROMPT_MAX 255 /* bytes */

/* {0} asks for nothing. */
struct top_prompt {
	bool open;
	struct buf text;
};

void top_prompt_deinit(struct top_prompt *prompt);
/* Begins with a text that may be changed. */
void top_prompt_open(struct top_prompt *prompt, struct span text);
/* A key (screen.h). true: that was it, prompt->text is what was asked for, and not empty. */
bool top_prompt_key(struct top_prompt *prompt, int key);

#endif
