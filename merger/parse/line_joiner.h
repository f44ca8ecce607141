/* line_joiner: joins the lines that gdb, a mailer or a terminal has wrapped, and gives out logical
 * lines. */
#ifndef PMP_LINE_JOINER_H
#define PMP_LINE_JOINER_H

#include "merger/base/buf.h"
#include "merger/parse/gdb_frame.h"
#include "merger/parse/line_prefix.h"
#include "merger/parse/logical_line.h"

/* The last line, while the next one may be the rest of it. {0} but for take and ctx: none. */
struct line_joiner {
	logical_lines_take *take;
	void *ctx;
	bool valid;
	struct logical_line line;
	struct gdb_frame frame; /* of `line`, if line.frame is set */
	size_t first_len;       /* length of its first line */
	size_t work;            /* bytes scanned to join lines */
	bool state_known;       /* of a frame: `state` is that of the text so far */
	enum gdb_frame_state state;
	size_t blanks; /* blank lines after it, which are dropped if it continues */
	bool quoted;   /* its prefix had a '>' */
	bool tight;    /* a pager came after it, maybe within a word */
	bool owned;    /* the text is in `joined` */
	struct buf joined;
};

void line_joiner_deinit(struct line_joiner *joiner);

/* text: a line without prefixes. copied: it is in a buffer that the next line changes. */
void line_joiner_take(struct line_joiner *joiner, struct span text,
                      const struct line_prefix_info *info, bool copied);
/* A pager came here: the next line may be the rest of a word. */
void line_joiner_pause(struct line_joiner *joiner);
/* The text of the last line is about to vanish: keeps a copy. */
void line_joiner_own(struct line_joiner *joiner);
/* Gives out the last line. */
void line_joiner_flush(struct line_joiner *joiner);
/* Keeps a frame whose place may follow. */
void line_joiner_keep_frame(struct line_joiner *joiner, struct span text,
                            const struct gdb_frame *frame);
/* A frame that gdb_frame_fast has parsed. If it is GDB_FRAME_DONE, no further line can be part of
 * it. In the header for its speed. */
static inline void line_joiner_take_frame(struct line_joiner *joiner, struct span text,
                                          const struct gdb_frame *frame)
{
	if (joiner->valid)
		line_joiner_flush(joiner);
	if (frame->state != GDB_FRAME_DONE) {
		line_joiner_keep_frame(joiner, text, frame);
		return;
	}
	joiner->take(joiner->ctx,
	             &(struct logical_line){
	                     .kind = LINE_FRAME, .frame = frame, .text = text, .count = 1 });
}

enum line_kind line_joiner_kind(struct span text);
/* "name = value": a local variable of "bt full". */
bool line_joiner_is_variable(struct span text);

#endif
