/* prompt: lets the user edit a line of text, key by key. */
#ifndef PMP_PROMPT_H
#define PMP_PROMPT_H

#include <stdbool.h>

#include "merger/base/buf.h"

#define TOP_PROMPT_MAX 255 /* bytes */

/* {0}: not open. */
struct top_prompt {
	bool open;
	struct buf text;
};

void top_prompt_deinit(struct top_prompt *prompt);
/* Opens with a text that the user can change. */
void top_prompt_open(struct top_prompt *prompt, struct span text);
/* Handles a key (screen.h). true: the user pressed Enter; prompt->text is the answer, not empty. */
bool top_prompt_key(struct top_prompt *prompt, int key);

#endif
