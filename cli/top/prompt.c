#include "cli/top/prompt.h"

#include "cli/top/screen.h"

#define CTRL_U ('U' & 0x1f)

void top_prompt_deinit(struct top_prompt *prompt)
{
	buf_deinit(&prompt->text);
}

void top_prompt_open(struct top_prompt *prompt, struct span text)
{
	prompt->open = true;
	buf_clear(&prompt->text);
	buf_add_span(&prompt->text, text);
}

bool top_prompt_key(struct top_prompt *prompt, int key)
{
	struct buf *text = &prompt->text;
	char byte = (char)key;

	switch (key) {
	case SCREEN_ENTER:
		prompt->open = false;
		return text->len > 0;
	case SCREEN_ESCAPE:
		prompt->open = false;
		break;
	case SCREEN_BACKSPACE: /* removes a whole UTF-8 character */
		while (text->len && ((unsigned char)text->ptr[--text->len] & 0xc0) == 0x80)
			;
		break;
	case CTRL_U:
		buf_clear(text);
		break;
	default:
		if (key >= ' ' && key < 0x100 && text->len < TOP_PROMPT_MAX)
			buf_add(text, &byte, 1);
		break;
	}
	return false;
}
