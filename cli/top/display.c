#include "cli/top/display.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "merger/base/alloc.h"
#include "merger/base/text_width.h"
#include "merger/base/escape.h"
#include "cli/os/clock.h"
#include "cli/top/prompt.h"
#include "cli/top/save.h"
#include "cli/top/render.h"

#define REDRAW_US 500000
#define COST_SHARE 20 /* drawing uses at most this part of a CPU: 1 / COST_SHARE */
#define MESSAGE_US 10000000
#define MESSAGE_ROWS 3
#define SILENCE_US 3000000 /* time without a sample after which it is reported */
#define HEADER_MIN_ROWS 12 /* rows of a screen that has room for the whole header */
#define FOLDED_HEADER_ROWS 1

static const uint64_t spans_us[] = { 1000000, 2000000, 5000000, 10000000, 30000000, TOP_RECENT_US };
#define SPAN_COUNT (sizeof(spans_us) / sizeof(spans_us[0]))
#define SPAN_DEFAULT 1

struct top_display {
	const struct options *options;
	struct profile_builder *builder;
	struct screen *screen;
	struct top_target target;
	struct top_choice choice;
	enum top_shows shown_before; /* before help */
	size_t span;                 /* index into spans_us */
	bool begun, ended, held;
	double seconds_left;
	uint64_t due_us;
	/* the text that is shown; the body from line `first` on */
	struct buf header, head, body, line;
	size_t *lines; /* offsets of the body's lines; lines[line_count] is its end */
	size_t line_count, line_cap, first;
	uint64_t stacks, all_stacks; /* in the body; in its time window */
	/* the last row */
	char message[600];
	uint64_t message_until_us;
	struct top_prompt prompt; /* for the name of a file to write */
	struct top_save save;
	char save_path[TOP_PROMPT_MAX + 1];
	/* the number of samples, and when it changed last */
	uint64_t taken, taken_us;
};

struct top_display *top_display_create(const struct options *options,
                                       struct profile_builder *builder, struct screen *screen)
{
	struct top_display *display = alloc_zeroed(1, sizeof(*display));

	display->options = options;
	display->builder = builder;
	display->screen = screen;
	display->span = SPAN_DEFAULT;
	display->choice.order = TOTALS_BY_SELF;
	display->choice.running = true;
	top_target_init(&display->target, options->pids[0]);
	return display;
}

void top_display_destroy(struct top_display *display)
{
	struct error err = { 0 };

	if (!display)
		return;
	if (display->save.pid)
		top_save_done(&display->save, true, &err);
	buf_deinit(&display->header);
	buf_deinit(&display->head);
	buf_deinit(&display->body);
	buf_deinit(&display->line);
	top_prompt_deinit(&display->prompt);
	free(display->lines);
	free(display);
}

void top_display_note(struct top_display *display, const char *text)
{
	struct buf clean = { 0 };

	escape_add_text(&clean, span_of(text));
	snprintf(display->message, sizeof(display->message), "%.*s", SPAN_ARG(clean));
	buf_deinit(&clean);
	display->message_until_us = clock_now_us() + MESSAGE_US;
}

void top_display_end(struct top_display *display)
{
	display->ended = true;
	display->target.start_us = 0;
	display->due_us = 0;
	display->message_until_us = 0;
}

uint64_t top_display_due(const struct top_display *display)
{
	return display->due_us;
}

/* Drawing. */

static size_t count_header_rows(struct top_display *display)
{
	return screen_rows(display->screen) >= HEADER_MIN_ROWS ? TOP_HEADER_ROWS
	                                                       : FOLDED_HEADER_ROWS;
}

/* The body has the bar with its head above it, and one row below it. */
static size_t count_body_rows(struct top_display *display)
{
	size_t used = count_header_rows(display) + 2, rows = screen_rows(display->screen);

	return rows > used ? rows - used : 1;
}

static void find_lines(struct top_display *display)
{
	struct span rest = buf_span(&display->body), line;

	display->line_count = 0;
	while (span_take_line(&rest, &line)) {
		display->lines = alloc_grow(display->lines, &display->line_cap,
		                            display->line_count + 2, sizeof(*display->lines));
		display->lines[display->line_count++] = (size_t)(line.ptr - display->body.ptr);
		display->lines[display->line_count] = display->body.len - rest.len;
	}
}

/* Puts `max` lines of text into rows, from `row` on; rows without text become empty. */
static void put_rows(struct top_display *display, size_t row, struct span text, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		struct span line = { 0 };

		span_take_line(&text, &line);
		screen_put(display->screen, (unsigned)(row + i), 0, line);
	}
}

/* Puts a whole row in reverse video, with `right` at its end if there is room for it. */
static void put_bar(struct top_display *display, size_t row, struct span left, const char *right)
{
	struct buf *line = &display->line;
	size_t columns = screen_columns(display->screen), room;

	if (text_width_of(left) + strlen(right) + 2 > columns)
		right = "";
	room = columns - strlen(right) - 1;
	left = text_width_cut(left, room);
	buf_clear(line);
	buf_printf(line, "\33[7m%.*s", SPAN_ARG(left));
	buf_printf(line, "%*s%s ", (int)(room - text_width_of(left)), "", right);
	screen_put(display->screen, (unsigned)row, 0, buf_span(line));
}

/* Writes the samples and the time that the body covers, for the end of the bar. */
static void describe_scope(const struct top_display *display, char *ret, size_t len)
{
	const struct top_choice *choice = &display->choice;
	const char *held = display->held ? "held, " : "";
	double seconds = (double)choice->span_us / 1e6;

	if (choice->shows == TOP_HELP || !display->begun)
		ret[0] = '\0';
	else if (choice->shows == TOP_THREADS)
		snprintf(ret, len, "%sCPU of the last %g s", held, seconds);
	else if (choice->whole)
		snprintf(ret, len, "%ssince start, %" PRIu64 " stacks", held, display->stacks);
	else if (choice->running)
		snprintf(ret, len, "%slast %g s, %" PRIu64 " of %" PRIu64 " ran", held, seconds,
		         display->stacks, display->all_stacks);
	else
		snprintf(ret, len, "%slast %g s, %" PRIu64 " stacks", held, seconds,
		         display->stacks);
}

static void show_silence(struct top_display *display, uint64_t now)
{
	char text[64];

	if (!display->begun || now - display->taken_us < SILENCE_US ||
	    (double)(now - display->taken_us) < 3e6 / display->options->rate_hz)
		return;
	snprintf(text, sizeof(text), "no sample for %.0f s",
	         (double)(now - display->taken_us) / 1e6);
	put_bar(display, screen_rows(display->screen) - 1, span_of(text), "? help ");
}

/* Uses up to MESSAGE_ROWS rows, over the end of the body. */
static void put_message(struct top_display *display)
{
	struct span left = span_of(display->message);
	size_t room = screen_columns(display->screen) - 1, rows = screen_rows(display->screen);
	size_t count = (text_width_of(left) + room) / (room ? room : 1);

	count = count < 1 ? 1 : count > MESSAGE_ROWS ? MESSAGE_ROWS : count;
	for (size_t i = 0; i < count && count <= rows; i++) {
		struct span line = text_width_cut(left, room);

		left = span_skip(left, line.len);
		put_bar(display, rows - count + i, line, "");
	}
}

static void put_last_line(struct top_display *display)
{
	static const char keys[] =
	        "f functions  c calls  t threads  s sort  a all  r ran  w write  "
	        "? help  q quit";
	size_t row = screen_rows(display->screen) - 1;
	uint64_t now = clock_now_us();

	if (display->prompt.open) {
		buf_clear(&display->line);
		buf_printf(&display->line,
		           "\33[1mwrite to\33[0m (the suffix is the format): %.*s\33[7m ",
		           SPAN_ARG(display->prompt.text));
		screen_put(display->screen, (unsigned)row, 0, buf_span(&display->line));
	} else if (now < display->message_until_us) {
		put_message(display);
	} else if (display->ended) {
		put_bar(display, row, SPAN_LIT("It has ended, and nothing more will come."),
		        "w write  ? help  q quit");
	} else {
		put_bar(display, row, SPAN_LIT(keys), "");
		show_silence(display, now);
	}
}

/* Puts the current text on the screen. */
static void draw(struct top_display *display)
{
	size_t header = count_header_rows(display), rows = count_body_rows(display), last;
	char scope[100];

	last = display->line_count > rows ? display->line_count - rows : 0;
	if (display->first > last)
		display->first = last;
	put_rows(display, 0, buf_span(&display->header), header);
	describe_scope(display, scope, sizeof(scope));
	put_bar(display, header, buf_span(&display->head), scope);
	if (display->line_count)
		put_rows(display, header + 1,
		         span_skip(buf_span(&display->body), display->lines[display->first]), rows);
	else
		put_rows(display, header + 1, buf_span(&display->body), rows);
	put_last_line(display);
	screen_show(display->screen);
}

static void add_waiting_text(struct top_display *display)
{
	buf_printf(&display->header, "\33[1m%" PRIu32 " %s\33[0m\n", display->target.pid,
	           display->target.name);
	buf_printf(&display->body, "gdb reads symbols, the process runs on ...\n");
}

/* Makes the text again, and draws it. */
static void redraw(struct top_display *display)
{
	uint64_t start = clock_now_us(), cost;
	struct top_stats stats;

	display->choice.span_us = spans_us[display->span];
	display->choice.columns = screen_columns(display->screen);
	display->choice.ascii = !screen_utf8(display->screen);
	buf_clear(&display->header);
	buf_clear(&display->head);
	buf_clear(&display->body);
	if (display->begun || display->choice.shows == TOP_HELP) {
		top_stats_init(&stats, display->builder, display->choice.span_us);
		top_render_header(&display->header, display->options, &display->target,
		                  display->ended ? 0 : display->seconds_left, &stats);
		display->stacks = top_render_body(&display->head, &display->body, display->options,
		                                  &display->choice, &stats);
		display->all_stacks = recent_window_stacks(&stats.recent, false);
		top_stats_deinit(&stats);
	} else {
		add_waiting_text(display);
	}
	find_lines(display);
	draw(display);
	cost = clock_now_us() - start;
	display->due_us = start + (cost * COST_SHARE > REDRAW_US ? cost * COST_SHARE : REDRAW_US);
}

static void follow_save(struct top_display *display)
{
	struct error err = { 0 };
	char text[sizeof(display->save_path) + 20];

	if (!display->save.pid || !top_save_done(&display->save, false, &err))
		return;
	snprintf(text, sizeof(text), "written: %s", display->save_path);
	top_display_note(display, err.code ? err.text : text);
	draw(display);
}

void top_display_tick(struct top_display *display, double seconds_left)
{
	bool begun = seconds_left >= 0;
	uint64_t taken = profile_builder_progress(display->builder).taken, now = clock_now_us();

	if (taken != display->taken || begun != display->begun)
		display->taken_us = now;
	display->taken = taken;
	if (begun != display->begun)
		display->due_us = 0;
	display->begun = begun;
	display->seconds_left = seconds_left;
	follow_save(display);
	if (now < display->due_us)
		return;
	if (!display->held) {
		redraw(display);
		return;
	}
	draw(display);
	display->due_us = now + REDRAW_US;
}

/* Keys. */

static void ask_name(struct top_display *display)
{
	struct buf name = { 0 };

	if (display->save.pid) {
		top_display_note(display, "a file is still being written");
		return;
	}
	for (const char *c = display->target.name; *c; c++)
		buf_add(&name, isalnum((unsigned char)*c) ? c : "-", 1);
	buf_printf(&name, "%s%" PRIu32 ".yaml", name.len ? "-" : "", display->target.pid);
	top_prompt_open(&display->prompt, buf_span(&name));
	buf_deinit(&name);
}

static void begin_save(struct top_display *display)
{
	struct error err = { 0 };
	char text[sizeof(display->save_path) + 20];

	snprintf(display->save_path, sizeof(display->save_path), "%.*s",
	         SPAN_ARG(display->prompt.text));
	snprintf(text, sizeof(text), "writing %s ...", display->save_path);
	if (!top_save_begin(&display->save, display->builder, display->options, display->save_path,
	                    &err))
		top_display_note(display, err.text);
	else
		top_display_note(display, text);
}

static bool handle_move_key(struct top_display *display, int key)
{
	size_t page = count_body_rows(display), first = display->first;

	switch (key) {
	case SCREEN_UP:
		first -= first > 0;
		break;
	case SCREEN_DOWN:
		first++;
		break;
	case SCREEN_PAGE_UP:
		first -= first > page ? page : first;
		break;
	case SCREEN_PAGE_DOWN:
		first += page;
		break;
	case SCREEN_HOME:
		first = 0;
		break;
	case SCREEN_END:
		first = SIZE_MAX;
		break;
	default:
		return false;
	}
	display->first = first;
	draw(display);
	return true;
}

static void choose_shows(struct top_display *display, enum top_shows shows)
{
	if (display->choice.shows == TOP_HELP && shows == TOP_HELP)
		shows = display->shown_before;
	else if (shows == TOP_HELP)
		display->shown_before = display->choice.shows;
	else if (shows == TOP_CALLS && display->choice.shows == TOP_CALLS)
		shows = TOP_FUNCTIONS;
	display->choice.shows = shows;
	display->first = 0;
}

static void handle_choice_key(struct top_display *display, int key)
{
	struct top_choice *choice = &display->choice;

	switch (key) {
	case 'f':
		choose_shows(display, TOP_FUNCTIONS);
		break;
	case 'c':
		choose_shows(display, TOP_CALLS);
		break;
	case 't':
		choose_shows(display, TOP_THREADS);
		break;
	case '?':
	case 'h':
		choose_shows(display, TOP_HELP);
		break;
	case SCREEN_ESCAPE:
		if (choice->shows == TOP_HELP)
			choose_shows(display, TOP_HELP);
		break;
	case 's':
		choice->order = choice->order == TOTALS_BY_SELF ? TOTALS_BY_TOTAL : TOTALS_BY_SELF;
		break;
	case 'a':
		choice->whole = !choice->whole;
		break;
	case 'r':
		choice->running = choice->whole || !choice->running;
		choice->whole = false;
		break;
	case '+':
	case '=':
		display->span += display->span + 1 < SPAN_COUNT;
		break;
	case '-':
		display->span -= display->span > 0;
		break;
	case ' ':
	case 'p':
		display->held = !display->held;
		break;
	case 'w':
		ask_name(display);
		break;
	default:
		break;
	}
}

static bool handle_key(struct top_display *display, int key)
{
	if (key == SCREEN_GONE || (key == 'q' && !display->prompt.open))
		return false;
	if (key == SCREEN_CHANGED) {
		redraw(display);
		return true;
	}
	if (display->prompt.open) {
		if (top_prompt_key(&display->prompt, key))
			begin_save(display);
		draw(display);
		return true;
	}
	display->message_until_us = 0;
	if (!handle_move_key(display, key)) {
		handle_choice_key(display, key);
		redraw(display);
	}
	return true;
}

bool top_display_keys(struct top_display *display)
{
	int key;

	while ((key = screen_key(display->screen)) != SCREEN_NONE)
		if (!handle_key(display, key))
			return false;
	return true;
}
