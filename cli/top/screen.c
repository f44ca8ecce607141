#include "cli/top/screen.h"

#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "merger/base/alloc.h"
#include "merger/base/text_width.h"
#include "cli/top/async_output.h"
#include "cli/os/terminal.h"

#define ESCAPE_MS 25 /* the rest of a key's escape sequence arrives within this time */

struct screen {
	int poll_fd, signal_fd;
	sigset_t mask_before;
	struct termios modes_before, modes_drawing;
	struct async_output output;
	const char *term; /* the terminfo entry that is used */
	SCREEN *curses;   /* NULL: the terminal is unchanged */
	bool utf8, colour;
};

/* For terminals without a terminfo entry on this machine: sequences that all modern ones support.
 * The string is
 *
 *	pmp-ansi|what terminals have in common, am, mir, msgr, xenl, colors#8, cols#80,
 *		it#8, lines#24, pairs#64, bel=^G, bold=\E[1m, civis=\E[?25l,
 *		clear=\E[H\E[2J, cnorm=\E[?25h, cr=\r, cub1=^H, cud1=\n, cuf1=\E[C,
 *		cup=\E[%i%p1%d;%p2%dH, cuu1=\E[A, ed=\E[J, el=\E[K, home=\E[H,
 *		ind=\n, kbs=^?, kcub1=\E[D, kcud1=\E[B, kcuf1=\E[C, kcuu1=\E[A, kend=\E[F,
 *		khome=\E[H, knp=\E[6~, kpp=\E[5~, op=\E[39;49m, rev=\E[7m, rmcup=\E[?1049l,
 *		setab=\E[4%p1%dm, setaf=\E[3%p1%dm, sgr0=\E[m, smcup=\E[?1049h,
 *
 * as `infocmp -Q2` prints it. */
#define FALLBACK_TERM "pmp-ansi"
static const char fallback[] =
        "b64:GgEnAA8ADwBpAaYAcG1wLWFuc2l8d2hhdCB0ZXJtaW5hbHMgaGF2ZSBpbiBjb21tb24AAAEAAAEA"
        "AAAAAAAAAAEBUAAIABgA__________________________8IAEAA__8AAAIA_____wQADAAQAP____8U"
        "ACUAJwArADIA__80ADsA__8_AP__________________QwBIAP____________9RAP__________VgBa"
        "AP____________________________________9jAP____________9lAP______________________"
        "______________9pAP____9tAP__cQB2AHsA________fwD_________________________________"
        "____________________________________________________________________________gwD_"
        "________________________________________________________________________________"
        "_________4UA____________________________________________________________________"
        "________________________________________________________________________________"
        "________________________________________________________________________________"
        "________________________________________________________________________________"
        "____________________________________________iQD_________________________________"
        "________________________________________________________________________________"
        "_________________________________________________5IAnAAHAA0AG1tIG1sySgAbW0sAG1tK"
        "ABtbJWklcDElZDslcDIlZEgACgAbW0gAG1s_MjVsAAgAG1s_MjVoABtbQwAbW0EAG1sxbQAbWz8xMDQ5"
        "aAAbWzdtABtbbQAbWz8xMDQ5bAB_ABtbQgAbW0gAG1tEABtbNn4AG1s1fgAbW0MAG1tBAAoAG1tGABtb"
        "Mzk7NDltABtbMyVwMSVkbQAbWzQlcDElZG0A";

/* setupterm reports only in its third argument whether it found an entry. */
static bool is_described(const char *term)
{
	int found = 0;

	if (setupterm(term, STDOUT_FILENO, &found) == ERR || found != 1)
		return false;
	del_curterm(cur_term);
	return true;
}

static bool choose_term(struct screen *screen, struct error *err)
{
	const char *term = getenv("TERM");

	if (terminal_is_dumb())
		return error_set(err, ERROR_USAGE,
		                 "this terminal cannot be drawn on (TERM is %s); set TERM, or "
		                 "sample without a display: pmp -p PID",
		                 term && term[0] ? term : "not set");
	if (is_described(term)) {
		screen->term = term;
		return true;
	}
	screen->term = FALLBACK_TERM;
	setenv("TERMINFO", fallback, 1);
	return is_described(FALLBACK_TERM) ||
	       error_set(err, ERROR_USAGE,
	                 "nothing here describes the terminal %s; set TERM to one that is known "
	                 "(xterm), or sample without a display: pmp -p PID",
	                 term);
}

/* A static program can use only the locales of its machine, and only those in its own format. */
static bool choose_locale(void)
{
	static const char *const names[] = { "", "C.UTF-8", "en_US.UTF-8" };

	if (!terminal_is_utf8())
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (setlocale(LC_CTYPE, names[i]) && MB_CUR_MAX > 1)
			return true;
	return false;
}

static bool watch_fd(struct screen *screen, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return !epoll_ctl(screen->poll_fd, EPOLL_CTL_ADD, fd, &event);
}

static bool set_up_screen(struct screen *screen, struct error *err)
{
	sigset_t set;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &screen->modes_before))
		return error_set(
		        err, ERROR_USAGE,
		        "%s is no terminal, which a live view wants; to sample without one: "
		        "pmp -p PID",
		        isatty(STDOUT_FILENO) ? "stdin" : "stdout");
	if (!choose_term(screen, err))
		return false;
	screen->utf8 = choose_locale();
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &screen->mask_before);
	screen->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	screen->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (screen->signal_fd >= 0 && screen->poll_fd >= 0 && async_output_open(&screen->output) &&
	    watch_fd(screen, STDIN_FILENO, EPOLLIN) &&
	    watch_fd(screen, screen->signal_fd, EPOLLIN) &&
	    (screen->output.terminal < 0 || watch_fd(screen, screen->output.terminal, 0)))
		return true;
	error_set(err, ERROR_FAILED, "cannot wait for keys: %s", strerror(errno));
	sigprocmask(SIG_SETMASK, &screen->mask_before, NULL);
	return false;
}

struct screen *screen_open(struct error *err)
{
	struct screen *screen = alloc_zeroed(1, sizeof(*screen));

	screen->poll_fd = screen->signal_fd = -1;
	screen->output.real = screen->output.terminal = screen->output.memory = -1;
	if (set_up_screen(screen, err))
		return screen;
	if (screen->poll_fd >= 0)
		close(screen->poll_fd);
	if (screen->signal_fd >= 0)
		close(screen->signal_fd);
	async_output_close(&screen->output);
	free(screen);
	return NULL;
}

static void take_size(void)
{
	struct winsize size;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}

/* curses installs signal handlers. pmp gets these signals on a descriptor, and their actions must
 * be the old ones when it closes that: restore them. */
static SCREEN *open_curses(const char *term, FILE *out)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };
	enum { COUNT = sizeof(caught) / sizeof(caught[0]) };
	struct sigaction before[COUNT];
	SCREEN *ret;

	for (size_t i = 0; i < COUNT; i++)
		sigaction(caught[i], NULL, &before[i]);
	ret = newterm(term, out, stdin);
	for (size_t i = 0; i < COUNT; i++)
		sigaction(caught[i], &before[i], NULL);
	return ret;
}

static void set_up_colours(struct screen *screen)
{
	screen->colour = terminal_has_colour(stdout) && has_colors();
	if (!screen->colour)
		return;
	start_color();
	use_default_colors();
	for (short i = 1; i < 8; i++)
		init_pair(i, i, -1);
}

/* Ctrl-S must be a key: it would stop the output. Called after curses has set its own modes. */
static void set_up_modes(struct screen *screen)
{
	cbreak();
	noecho();
	nonl();
	if (tcgetattr(STDIN_FILENO, &screen->modes_drawing))
		return;
	screen->modes_drawing.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->modes_drawing);
	def_prog_mode();
}

static void take_terminal(struct screen *screen)
{
	if (screen->curses)
		return;
	screen->curses = open_curses(screen->term, screen->output.file);
	if (!screen->curses)
		return;
	set_up_modes(screen);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	set_up_colours(screen);
	take_size();
	async_output_begin(&screen->output);
}

/* A terminal that takes no output cannot get back its old screen. */
static bool give_terminal_back(struct screen *screen)
{
	bool ok = async_output_end(&screen->output);

	if (ok) {
		curs_set(1);
		endwin();
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &screen->modes_before);
	return ok;
}

bool screen_close(struct screen *screen)
{
	bool ok = true;

	if (screen->curses) {
		ok = give_terminal_back(screen);
		delscreen(screen->curses);
	}
	close(screen->poll_fd);
	close(screen->signal_fd);
	async_output_close(&screen->output);
	sigprocmask(SIG_SETMASK, &screen->mask_before, NULL);
	free(screen);
	return ok;
}

int screen_fd(const struct screen *screen)
{
	return screen->poll_fd;
}

/* Stops pmp with the terminal restored, as Ctrl-Z stops any foreground process. Without a shell
 * that could continue pmp, the kernel does not stop it. */
static void suspend_pmp(struct screen *screen)
{
	sigset_t set;

	if (screen->curses)
		give_terminal_back(screen);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!screen->curses)
		return;
	reset_prog_mode();
	curs_set(0);
	take_size();
	clearok(curscr, TRUE);
	async_output_begin(&screen->output);
}

static bool take_signals(struct screen *screen)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (read(screen->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		any = true;
		if (info.ssi_signo == SIGTSTP)
			suspend_pmp(screen);
		else if (screen->curses)
			take_size();
	}
	return any;
}

static int translate_key(int key)
{
	static const struct {
		int curses, key;
	} rows[] = {
		{ KEY_UP, SCREEN_UP },          { KEY_DOWN, SCREEN_DOWN },
		{ KEY_LEFT, SCREEN_LEFT },      { KEY_RIGHT, SCREEN_RIGHT },
		{ KEY_PPAGE, SCREEN_PAGE_UP },  { KEY_NPAGE, SCREEN_PAGE_DOWN },
		{ KEY_HOME, SCREEN_HOME },      { KEY_END, SCREEN_END },
		{ KEY_ENTER, SCREEN_ENTER },    { KEY_BACKSPACE, SCREEN_BACKSPACE },
		{ KEY_RESIZE, SCREEN_CHANGED }, { '\r', SCREEN_ENTER },
		{ '\b', SCREEN_BACKSPACE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].curses == key)
			return rows[i].key;
	return key < KEY_MIN ? key : SCREEN_OTHER;
}

/* Flushes. If some output is left, screen_fd becomes readable when the terminal is ready. */
static bool push_output(struct screen *screen)
{
	bool done = async_output_flush(&screen->output);
	struct epoll_event event = {
		.events = done ? 0 : EPOLLOUT,
		.data.fd = screen->output.terminal,
	};

	if (screen->output.terminal >= 0)
		epoll_ctl(screen->poll_fd, EPOLL_CTL_MOD, screen->output.terminal, &event);
	return done;
}

int screen_key(struct screen *screen)
{
	struct epoll_event events[3];
	int count = epoll_wait(screen->poll_fd, events, 3, 0), key;

	if (take_signals(screen))
		return SCREEN_CHANGED;
	for (int i = 0; i < count; i++) {
		if (events[i].events & (EPOLLHUP | EPOLLERR))
			return SCREEN_GONE;
		if (events[i].events & EPOLLOUT)
			push_output(screen);
	}
	if (!screen->curses)
		return SCREEN_NONE;
	key = getch();
	return key == ERR ? SCREEN_NONE : translate_key(key);
}

unsigned screen_rows(struct screen *screen)
{
	take_terminal(screen);
	return screen->curses ? (unsigned)LINES : 24;
}

unsigned screen_columns(struct screen *screen)
{
	take_terminal(screen);
	return screen->curses ? (unsigned)COLS : 80;
}

bool screen_utf8(const struct screen *screen)
{
	return screen->utf8;
}

/* Applies an ANSI colour sequence at the start of text. Returns its length; 0: there is none. */
static size_t take_sequence(struct screen *screen, struct span text)
{
	attr_t attributes = A_NORMAL;
	short colour = 0;
	unsigned number = 0;

	if (!span_starts(text, SPAN_LIT("\33[")))
		return 0;
	for (size_t i = 2; i < text.len; i++) {
		char c = text.ptr[i];

		if (c >= '0' && c <= '9') {
			number = number * 10 + (unsigned)(c - '0');
			continue;
		}
		attributes |= number == 1   ? A_BOLD
		              : number == 2 ? A_DIM
		              : number == 7 ? A_REVERSE
		                            : 0;
		if (number > 30 && number < 38)
			colour = (short)(number - 30);
		number = 0;
		if (c != 'm')
			continue;
		attr_set(attributes, screen->colour ? colour : 0, NULL);
		return i + 1;
	}
	return text.len;
}

/* If only ASCII can be shown, other characters become question marks. */
static void put_characters(const struct screen *screen, struct span text)
{
	if (screen->utf8) {
		addnstr(text.ptr, (int)text.len);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x80)
			addch(c);
		else if (c >= 0xc0)
			addch('?');
	}
}

void screen_put(struct screen *screen, unsigned row, unsigned column, struct span text)
{
	take_terminal(screen);
	if (!screen->curses || row >= (unsigned)LINES || column >= (unsigned)COLS)
		return;
	attr_set(A_NORMAL, 0, NULL);
	move((int)row, (int)column);
	clrtoeol();
	while (text.len && column < (unsigned)COLS) {
		size_t skip = take_sequence(screen, text);
		const char *next;
		struct span piece;

		text = span_skip(text, skip);
		if (skip || !text.len)
			continue;
		next = memchr(text.ptr, '\33', text.len);
		piece = (struct span){ text.ptr, next ? (size_t)(next - text.ptr) : text.len };
		text = span_skip(text, piece.len);
		piece = text_width_cut(piece, (unsigned)COLS - column);
		column += (unsigned)text_width_of(piece);
		put_characters(screen, piece);
	}
	attr_set(A_NORMAL, 0, NULL);
}

void screen_show(struct screen *screen)
{
	take_terminal(screen);
	/* While the terminal is not ready, skip this frame. */
	if (!screen->curses || !push_output(screen))
		return;
	refresh();
	push_output(screen);
}
